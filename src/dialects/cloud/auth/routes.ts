import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { requireUser } from '../../../auth/principal.ts';
import { ACCESS_SECONDS, type TokenPair, type UserTokens } from '../../../auth/user-tokens.ts';
import { SandboxError } from '../../../base/errors.ts';
import type { KeyCheck } from '../../../http/auth/key-check.ts';
import { HttpError } from '../../../http/errors/http-error.ts';
import { principalOf } from '../../dialect.ts';
import { commonErrors } from '../errors.ts';
import { operation } from '../operation.ts';
import { requireUserId } from './credentials.ts';
import * as schemas from './schemas.ts';

interface AuthRoutesOptions {
  readonly keys: KeyCheck;
  readonly tokens: UserTokens;
}

/** Cloud: tokens for users, of an API key or of a token that was made of one. */
export const authRoutes: FastifyPluginAsyncZod<AuthRoutesOptions> = async (app, { keys, tokens }) => {
  const response = { ...commonErrors, 200: schemas.tokens };

  const token = operation('auth', 'getToken', 'Tokens of a user, for the API key', {
    body: schemas.tokenBody,
    response,
  });
  app.post(
    '/api/v1/auth/token',
    {
      ...token,
      config: { ...token.config, needsKey: true },
      onRequest: async (request) => {
        request.principal = keys.admit(request);
      },
    },
    async (request) => {
      const holder = principalOf(request);
      const userId = request.body?.user_id ?? '';
      requireUserId(userId);
      requireUser(holder, userId);
      return toAnswer(await tokens.issue({ userId, role: request.body?.role ?? 'user', keyName: holder.name }));
    },
  );

  app.post(
    '/api/v1/auth/refresh',
    operation('auth', 'refreshToken', 'New tokens of a refresh token', { body: schemas.refreshBody, response }),
    async (request) => {
      const shown = request.body?.refresh_token;
      if (!shown) throw new HttpError(400, 'refresh_token required');
      const subject = await tokens.read(shown, 'refresh');
      if (subject === 'bad') return keys.refuseSignature(request, 'This is no refresh token of this server.');
      if (subject === 'expired') {
        throw new SandboxError('unauthorized', 'The refresh token has expired; POST /api/v1/auth/token makes another.');
      }
      requireUser(keys.admitNamed(request, subject.keyName), subject.userId);
      return toAnswer(await tokens.issue(subject));
    },
  );
};

function toAnswer({ access, refresh }: TokenPair) {
  return {
    access_token: access,
    refresh_token: refresh,
    token_type: 'Bearer' as const,
    expires_in: String(ACCESS_SECONDS),
  };
}
