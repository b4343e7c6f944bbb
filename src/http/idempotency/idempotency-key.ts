import { createHash } from 'node:crypto';
import type { FastifyRequest, RouteOptions } from 'fastify';
import { hasBody } from '../requests/request-bytes.ts';
import { comesTwice } from '../requests/request-heads.ts';
import { acceptedFormat } from '../streams/format.ts';
import { InvalidRequest } from '../validation/validation.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** Of the body of a request that has a key, in hex; null where it has none, or is too large, or is read as it comes. */
    bodyHash: string | null;
  }
  interface FastifyContextConfig {
    /** True on a route that keeps its first answer for a request with a key. */
    keepsFirstAnswer?: boolean;
    /** True on a route about something secret, of which nothing is kept. */
    takesSecret?: boolean;
  }
}

const NAME = 'Idempotency-Key';

/** Bodies that are compared with the first one, in bytes. */
const MOST_BYTES = 65_536;

const PRINTABLE = /^[\x20-\x7e]{1,255}$/;

/** Only these change something. */
const METHODS: readonly string[] = ['POST', 'PUT', 'PATCH', 'DELETE'];

/** Notes what a request with a key sent. */
export function noteBody(request: FastifyRequest, body: Buffer): void {
  if (request.headers['idempotency-key'] === undefined || body.length > MOST_BYTES) return;
  request.bodyHash = createHash('sha256').update(body).digest('hex');
}

/**
 * The key that a request is to be carried out once for; null where it has none or changes nothing. Throws where the key is not valid,
 * or the request is one whose answer cannot be kept.
 */
export function idempotencyKeyOf(request: FastifyRequest): string | null {
  const key = request.headers['idempotency-key'];
  if (key === undefined || !METHODS.includes(request.method)) return null;
  if (typeof key !== 'string' || comesTwice(request.raw.rawHeaders, NAME) || !PRINTABLE.test(key)) {
    throw refused('must come once and have 1 to 255 printable ASCII characters');
  }
  if (request.routeOptions.config.streamsBody === true) throw refused('cannot be used where the body is streamed');
  if (request.routeOptions.config.takesSecret === true) throw refused('cannot be used for secrets');
  if (hasBody(request.raw) && request.bodyHash === null) {
    throw refused(`cannot be used with a body of more than ${MOST_BYTES} bytes`);
  }
  if (acceptedFormat(request.headers.accept) !== null || asksForStream(request.body)) {
    throw refused('cannot be used where the answer is a stream');
  }
  return key;
}

/** The same for two requests that ask for the same. */
export function fingerprintOf({ method, url, bodyHash }: FastifyRequest): string {
  return `${method}\n${url}\n${bodyHash ?? ''}`;
}

/** Documents the header on a route that reads it. */
export function documentKey<Shown extends { schema?: unknown }>(shown: Shown, { config }: RouteOptions): Shown {
  const { schema } = shown;
  if (config?.keepsFirstAnswer !== true || typeof schema !== 'object' || schema === null) return shown;
  const headers = 'headers' in schema && typeof schema.headers === 'object' ? schema.headers : null;
  const known = headers && 'properties' in headers && typeof headers.properties === 'object' ? headers.properties : {};
  const described = {
    type: 'string',
    minLength: 1,
    maxLength: 255,
    description:
      'Names the request: one that comes again within 24 hours gets the first answer and is not carried out.',
  };
  return {
    ...shown,
    schema: { ...schema, headers: { type: 'object', ...headers, properties: { ...known, [NAME]: described } } },
  };
}

function asksForStream(body: unknown): boolean {
  return typeof body === 'object' && body !== null && 'stream' in body && body.stream === true;
}

function refused(msg: string): InvalidRequest {
  return new InvalidRequest([{ loc: ['header', NAME.toLowerCase()], msg, type: 'idempotency_key' }]);
}
