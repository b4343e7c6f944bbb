import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { ZodTypeProvider } from 'fastify-type-provider-zod';
import type { Clock } from '../async/clock.ts';
import { SandboxError } from '../base/errors.ts';
import { type Config, ConfigError } from '../config/config.ts';
import { chooseDialect, dialectOfHost } from '../dialects/all/choice.ts';
import { healthRoute, infoRoute } from '../dialects/clara/service/routes.ts';
import { requireKnownOrigin } from '../dialects/mcp/admission.ts';
import { metricsRoute, readerOf } from '../dialects/metrics/metrics.ts';
import { outsideRenderer } from '../dialects/outside.ts';
import { GATEWAY_HEADERS } from '../http/auth/gateway-headers.ts';
import type { KeyCheck } from '../http/auth/key-check.ts';
import { CLOSING_LIMITS, limitLastCalls } from '../http/connections/last-calls.ts';
import { CONNECTION_LIMITS } from '../http/limits/connection-limits.ts';
import { type ChooseDialect, chooseByHostFirst } from '../http/routing/dialect-constraint.ts';
import { PreviewHosts } from '../http/routing/preview-hosts.ts';
import { scoped } from '../http/routing/scope.ts';
import { createHttpServer } from '../http/server.ts';
import { Metrics } from '../observability/metrics.ts';
import { explainKeys, limitsOfOthers } from './admission.ts';
import { ERROR_WRITERS } from './error-writers.ts';
import { FarInfo } from './far-info.ts';
import { FarSide } from './far-side.ts';
import { chooseInside, gatewayRoutes } from './routes.ts';

/** What a gateway is made of. */
export interface GatewayParts {
  readonly config: Config;
  /** Why it is one; null where nobody has chosen. */
  readonly reason: string | null;
  readonly clock: Clock;
  readonly logger: FastifyBaseLogger;
  readonly version: string;
}

/**
 * A server that holds no sandboxes and passes everything on to the one that does, with keys and limits of its own. It starts also while
 * that one is away; throws a ConfigError where its key there cannot tell this server's clients apart.
 */
export async function buildGateway({ config, reason, clock, logger, version }: GatewayParts): Promise<FastifyInstance> {
  const { remote, apiKeys } = config;
  if (remote === null) throw new ConfigError('Mode remote needs SANDBOX_API_URL and a key for it.');
  const far = new FarSide(remote, clock, logger);
  await requireFarKey(far, apiKeys.length, logger);
  const hosts = new PreviewHosts(config);
  const choose = remembered(chooseByHostFirst(hosts, dialectOfHost, chooseByClient));
  const metrics = new Metrics();
  const { app, keys } = await createHttpServer({
    ...{ ...config, hosts, logger, clock, version, meter: metrics, tracer: null, apis: [], hasDocuments: false },
    connectionLimits: CONNECTION_LIMITS,
    chooseDialect: chooseInside(choose),
    renderError: outsideRenderer(ERROR_WRITERS, choose),
  });
  app.addHook('onRequest', ({ headers }, _reply, done) => {
    const isBack = headers.via?.includes(far.via) === true;
    done(isBack ? new SandboxError('unavailable', 'SANDBOX_API_URL leads back to this server itself.') : undefined);
  });
  const ending = new AbortController();
  const sentence = 'The server is closing; ask again in a moment.';
  limitLastCalls(app, CLOSING_LIMITS, () => ending.abort(new SandboxError('unavailable', sentence)));
  await app.register(scoped('the gateway itself', ownRoutes), {
    config,
    keys,
    metrics,
    info: new FarInfo({ version, reason, far, warningsOf: (farKey) => limitsOfOthers(apiKeys, farKey) }),
  });
  await app.register(
    scoped('passed on', async (scope: FastifyInstance) => {
      const requireOwnName = (request: Parameters<typeof requireKnownOrigin>[0]) =>
        requireKnownOrigin(request, { ...config, hosts });
      await gatewayRoutes(scope, {
        publicUrl: config.publicUrl,
        far,
        keys,
        hosts,
        choose,
        keyCount: apiKeys.length,
        ended: ending.signal,
        requireKnownOrigin: requireOwnName,
      });
    }),
  );
  app.addHook('onClose', async () => await far.close());
  return app;
}

/** The choice by what the client shows itself, whatever it says that a gateway has told. */
const chooseByClient: ChooseDialect = (head) => {
  if (head.headers[GATEWAY_HEADERS.dialect] === undefined) return chooseDialect(head);
  return chooseDialect({
    socket: head.socket,
    ...(head.url === undefined ? {} : { url: head.url }),
    headers: { ...head.headers, [GATEWAY_HEADERS.dialect]: undefined },
  });
};

/** The same choice, made once for each request. */
function remembered(choose: ChooseDialect): ChooseDialect {
  const chosen = new WeakMap<object, string | undefined>();
  return (head) => {
    if (!chosen.has(head)) chosen.set(head, choose(head));
    return chosen.get(head);
  };
}

interface OwnRoutes {
  readonly config: Config;
  readonly keys: KeyCheck;
  readonly metrics: Metrics;
  readonly info: FarInfo;
}

/** What a gateway answers itself. */
async function ownRoutes(app: FastifyInstance, { config, keys, metrics, info }: OwnRoutes): Promise<void> {
  await healthRoute(app.withTypeProvider<ZodTypeProvider>(), { info });
  const { metricsTokenDigest, metricsAddress } = config;
  const secured = { addressOf: () => null };
  await app.register(
    scoped('info', async (scope: FastifyInstance) => {
      keys.guard(scope, { ...secured, principalOf: (request) => keys.admit(request) });
      await infoRoute(scope.withTypeProvider<ZodTypeProvider>(), { info });
    }),
  );
  await app.register(
    scoped('metrics', async (scope: FastifyInstance) => {
      keys.guard(scope, { ...secured, principalOf: (request) => readerOf(request, keys, metricsTokenDigest) });
      await metricsRoute(scope.withTypeProvider<ZodTypeProvider>(), { metrics, metricsAddress });
    }),
  );
}

/** Several keys need one over there that may speak for each; while nobody answers there, nobody can know. */
async function requireFarKey(far: FarSide, keyCount: number, logger: FastifyBaseLogger): Promise<void> {
  try {
    if ((await far.farKey()) === 'gateway' || keyCount === 1) return;
  } catch (error) {
    logger.warn({ err: error, remote: far.origin }, 'the server that holds the sandboxes does not answer yet');
    return;
  }
  await far.close();
  throw new ConfigError(explainKeys(keyCount));
}
