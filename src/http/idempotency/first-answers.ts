import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { isSandboxError } from '../../base/errors.ts';
import type { SandboxId } from '../../base/sandbox-address.ts';
import type { FirstAnswer } from '../../idempotency/answer-file.ts';
import type { FirstAnswers, OnceToken } from '../../idempotency/first-answers.ts';
import { InvalidRequest } from '../validation/validation.ts';
import { fingerprintOf, idempotencyKeyOf } from './idempotency-key.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of a request that is carried out once; null for all others. */
    onceToken: OnceToken | null;
  }
}

/** Answers to work that was never begun: the client may send the same request again. */
const NOT_BEGUN: readonly number[] = [401, 403, 408, 413, 422, 429, 503];

/** An answer that is kept whole, in bytes. */
const MOST_BYTES = 2 ** 20;

/** A field that is left out of such an answer. */
const LONG_CHARACTERS = 65_536;

const KEPT_HEADERS = ['content-type', 'etag', 'location', 'retry-after'];

interface Options {
  readonly answers: FirstAnswers;
  /** The sandbox that a request is about; null for none. */
  sandboxIdOf(request: FastifyRequest): SandboxId | null;
}

/** Lets the routes of this scope be asked twice by an `Idempotency-Key` and carry out the first request alone. */
export function keepFirstAnswers(scope: FastifyInstance, { answers, sandboxIdOf }: Options): void {
  scope.decorateRequest('onceToken', null);
  scope.addHook('onRoute', (route) => {
    const isRead = [route.method].flat().every((method) => method === 'GET' || method === 'HEAD');
    if (!isRead && route.config?.streamsBody !== true && route.config?.takesSecret !== true)
      route.config = { ...route.config, keepsFirstAnswer: true };
  });
  scope.addHook('preHandler', async (request, reply) => {
    const key = idempotencyKeyOf(request);
    if (key === null || request.principal === null) return;
    const principal = request.principal.name;
    const begun = await answers
      .begin({ principal, key, fingerprint: fingerprintOf(request), sandboxId: sandboxIdOf(request) })
      .catch(nameHeader);
    if ('status' in begun) return await repeat(reply, begun);
    request.onceToken = begun;
  });
  scope.addHook('onSend', async (request, reply, payload) => {
    const { onceToken } = request;
    request.onceToken = null;
    if (onceToken) await settle(onceToken, reply, payload).catch((error: unknown) => request.log.error(error));
    return payload;
  });
}

/** What is wrong with a key is said of its header. */
function nameHeader(error: unknown): never {
  if (!isSandboxError(error, 'invalid')) throw error;
  const issue = { loc: ['header', 'idempotency-key'], msg: 'was used for another request', type: 'idempotency_key' };
  throw new InvalidRequest([issue], error.message);
}

async function repeat(reply: FastifyReply, { status, headers, body }: FirstAnswer): Promise<FastifyReply> {
  return await reply.code(status).headers(headers).header('Idempotent-Replayed', 'true').send(body);
}

async function settle(token: OnceToken, reply: FastifyReply, payload: unknown): Promise<void> {
  const { statusCode: status } = reply;
  if (NOT_BEGUN.includes(status)) return await token.forget();
  const body = payload === undefined || payload === null ? '' : payload;
  if (typeof body !== 'string') return token.leave();
  const headers: Record<string, string> = {};
  for (const name of KEPT_HEADERS) {
    const value = reply.getHeader(name);
    if (value !== undefined) headers[name] = String(value);
  }
  await token.keep({ status, headers, body: Buffer.byteLength(body) > MOST_BYTES ? shorten(body) : body });
}

/** The answer without what a run wrote, and without whatever else is long. */
function shorten(body: string): string {
  const answer: unknown = JSON.parse(body);
  const fields = Object.entries(typeof answer === 'object' && answer !== null ? answer : {});
  const kept = fields.flatMap(([name, value]) => {
    if (name === 'output' || name === 'stderr') return [[name, '']];
    return JSON.stringify(value).length < LONG_CHARACTERS ? [[name, value]] : [];
  });
  return JSON.stringify({ ...Object.fromEntries(kept), output_truncated: true });
}
