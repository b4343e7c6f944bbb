import type { FastifyInstance, FastifyRequest } from 'fastify';
import type { Clock } from '../../async/clock.ts';
import type { Principal } from '../../auth/principal.ts';
import { SIGNATURE, type SignedRequest, showsSignature, type UrlSigner } from '../../auth/url-signer.ts';
import { SandboxError } from '../../base/errors.ts';
import type { KeyCheck } from './key-check.ts';

declare module 'fastify' {
  interface FastifyRequest {
    /** What lets the request in, where that is a signature and no key. */
    signed: SignedRequest | null;
  }
}

/** Lets requests with a signature into the routes of this scope, whose answers no cache keeps and no page passes on. */
export function registerSignedUrls(scope: FastifyInstance): void {
  scope.decorateRequest('signed', null);
  scope.addHook('onSend', async ({ signed }, reply) => {
    if (signed) reply.headers({ 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'private, no-store' });
  });
}

/** Who asks by a signature; null where the request shows none, or a key. Throws `unauthorized` where it is not good, or not any more. */
export function signerOf(request: FastifyRequest, keys: KeyCheck, signer: UrlSigner, clock: Clock): Principal | null {
  const { headers, url, method } = request;
  if (headers['x-api-key'] !== undefined || headers.authorization !== undefined || !showsSignature(url)) return null;
  const signed = signer.verify(method, url);
  if (signed === null) keys.refuseSignature(request, 'The signature is not of this request, or its key is gone.');
  // Whoever has an old link tries no keys.
  if (clock.wallMs() >= signed.expiresAt * 1000) throw new SandboxError('unauthorized', 'The signature has expired.');
  request.signed = signed;
  // No route knows it as a parameter.
  if (typeof request.query === 'object' && request.query !== null && SIGNATURE in request.query) {
    delete request.query[SIGNATURE];
  }
  return keys.admitNamed(request, signed.keyName);
}
