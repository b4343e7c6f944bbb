import { timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import { hashKey } from '../../auth/api-keys.ts';
import type { Principal } from '../../auth/principal.ts';
import type { KeyCheck } from '../../http/auth/key-check.ts';
import type { Dialect } from '../dialect.ts';
import { listenForMetrics, type MetricsSource } from './listener.ts';

interface MetricsOptions {
  /** SHA-256 of what lets read metrics and nothing else; null where there is none. */
  readonly metricsTokenDigest: Buffer | null;
  /** Where they are read without a key; null for nowhere. */
  readonly metricsAddress: { readonly host: string; readonly port: number } | null;
}

const text = {
  description: 'The metrics.',
  content: { 'text/plain': { schema: z.string().meta({ examples: ['sandboxes_active 3\n'] }) } },
};

/** `GET /metrics` for Prometheus, to holders of a key for all users or of the token for metrics; its errors are another dialect's. */
export function metricsDialect(
  metrics: MetricsSource,
  { metricsTokenDigest: tokenDigest, metricsAddress }: MetricsOptions,
  errors: Pick<Dialect, 'commonResponses' | 'renderError'>,
): Dialect {
  return {
    name: 'metrics',
    tags: [{ name: 'metrics', description: 'What operators watch' }],
    commonResponses: errors.commonResponses,
    renderError: errors.renderError,
    principalOf: (request, keys) => readerOf(request, keys, tokenDigest),
    addressOf: () => null,
    routes: async (app) => metricsRoute(app, { metrics, metricsAddress }),
  };
}

/** Who reads metrics: a holder of a key, or of the token that opens nothing else. */
export function readerOf(request: FastifyRequest, keys: KeyCheck, tokenDigest: Buffer | null): Principal {
  const isToken = tokenDigest !== null && timingSafeEqual(tokenDigest, hashKey(bearerOf(request)));
  return isToken ? { name: 'metrics token', userPrefix: '', maxSandboxes: 0 } : keys.admit(request);
}

/** The route itself, and the address of its own where there is one. */
export const metricsRoute: FastifyPluginAsyncZod<
  Pick<MetricsOptions, 'metricsAddress'> & { readonly metrics: MetricsSource }
> = async (app, { metrics, metricsAddress }) => {
  if (metricsAddress) listenForMetrics(app, metrics, metricsAddress);
  const schema = {
    tags: ['metrics'],
    operationId: 'getMetrics',
    summary: 'Metrics in the text format of Prometheus; the token of SANDBOX_METRICS_TOKEN reads them too',
    querystring: z.strictObject({}),
    response: { 200: text },
  };
  app.get('/metrics', { schema }, async (_request, reply) => {
    const { text: body, type } = await metrics.read();
    return reply.header('Cache-Control', 'no-store').type(type).send(body);
  });
};

function bearerOf({ headers }: FastifyRequest): string {
  const { authorization = '' } = headers;
  return /^bearer /i.test(authorization) ? authorization.slice('bearer '.length).trim() : '';
}
