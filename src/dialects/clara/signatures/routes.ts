import type { FastifyInstance } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Clock } from '../../../async/clock.ts';
import type { UrlSigner } from '../../../auth/url-signer.ts';
import { SandboxError } from '../../../base/errors.ts';
import { registerSignedUrls } from '../../../http/auth/signed-urls.ts';
import { originOf } from '../../../http/routing/origin.ts';
import { InvalidRequest } from '../../../http/validation/validation.ts';
import { type Core, refOf } from '../../dialect.ts';
import { toSentForm } from '../../sent-form.ts';
import { toTimestamp } from '../numbers.ts';
import { sandboxOperation } from '../operation.ts';
import { noBody } from '../sandboxes/state-schemas.ts';
import * as schemas from './schemas.ts';
import { whyNotSignable } from './signable.ts';

/** What the routes of signed URLs need. */
export interface SignatureOptions {
  readonly signer: UrlSigner;
  readonly clock: Clock;
  /** What URLs of this server begin with; null for what a request was sent to. */
  readonly publicUrl: string | null;
}

/** How long a signature is good where nothing is said, in seconds. */
const EXPIRES_IN = 900;

/** The native dialect: URLs that open one thing for some time, without a key. */
export const signatureRoutes: FastifyPluginAsyncZod<Core & SignatureOptions> = async (app, options) => {
  const { settings, signer, clock, publicUrl } = options;

  app.post(
    '/sandbox/:user_id/sign',
    sandboxOperation(
      'sandbox',
      'signUrl',
      'A URL that needs no key',
      { 200: schemas.signedUrl },
      { querystring: schemas.noQuery, body: schemas.signBody },
    ),
    async (request) => {
      const ref = refOf(request);
      const { method, path, expires_in: expiresIn } = request.body;
      const target = toSentForm(path);
      if (target === null) throw notSignable('must be valid percent-encoding, with %23 for #');
      const msg = whyNotSignable(method, target, ref.address.id);
      if (msg !== null) throw notSignable(msg);
      const signatures = await settings.signatures(ref);
      const expiresAt = Math.floor(clock.wallMs() / 1000) + (expiresIn ?? EXPIRES_IN);
      const signed = signer.sign({ method, target, keyName: ref.principal.name, signatures, expiresAt });
      return { url: `${publicUrl ?? originOf(request)}${signed}`, expires_at: toTimestamp(expiresAt * 1000) };
    },
  );

  app.post(
    '/sandbox/:user_id/sign/revoke',
    sandboxOperation(
      'sandbox',
      'revokeUrls',
      'End all signed URLs of a sandbox',
      { 204: schemas.revoked },
      { querystring: schemas.noQuery, body: noBody },
    ),
    async (request, reply) => {
      await settings.revokeSignatures(refOf(request));
      return reply.code(204).send(null);
    },
  );
};

/** Requests with a signature reach the routes of this scope as long as their sandbox's number is what it was. */
export function admitSignatures(scope: FastifyInstance, { settings }: Core): void {
  registerSignedUrls(scope);
  scope.addHook('onRequest', async (request) => {
    if (request.signed === null) return;
    if (await settings.hasSignatures(refOf(request), request.signed.signatures)) return;
    throw new SandboxError('unauthorized', 'The signature was revoked, or its sandbox is gone.');
  });
}

function notSignable(msg: string): InvalidRequest {
  return new InvalidRequest([{ loc: ['body', 'path'], msg, type: 'not_signable' }]);
}
