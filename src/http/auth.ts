import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { SandboxError } from '../errors.ts';

type Authenticate = (request: FastifyRequest) => Promise<void>;

/**
 * A hook that lets a request pass if it shows the key, as `X-API-Key`, as a Bearer token or as the password of HTTP Basic;
 * throws `unauthorized`. The comparison takes the same time for every key.
 */
export function requireKey(apiKey: string): Authenticate {
  const expected = digest(apiKey);
  return async (request) => {
    const presented = presentedKey(request);
    if (presented === null || !timingSafeEqual(digest(presented), expected)) {
      throw new SandboxError('unauthorized', 'Invalid API key');
    }
  };
}

function digest(key: string): Buffer {
  return createHash('sha256').update(key).digest();
}

function presentedKey(request: FastifyRequest): string | null {
  const header = request.headers['x-api-key'];
  if (typeof header === 'string') return header;
  const authorization = request.headers.authorization ?? '';
  const space = authorization.indexOf(' ');
  const scheme = authorization.slice(0, space).toLowerCase();
  const credential = authorization.slice(space + 1).trim();
  if (scheme === 'bearer') return credential;
  if (scheme !== 'basic') return null;
  const pair = Buffer.from(credential, 'base64').toString('utf8');
  const colon = pair.indexOf(':');
  return colon === -1 ? null : pair.slice(colon + 1);
}
