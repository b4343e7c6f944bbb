import type { FastifyRequest } from 'fastify';
import { asUser, type Principal, requireUser } from '../../../auth/principal.ts';
import type { UserTokens } from '../../../auth/user-tokens.ts';
import { SandboxError } from '../../../base/errors.ts';
import { authorizationOf, type KeyCheck } from '../../../http/auth/key-check.ts';
import { HttpError } from '../../../http/errors/http-error.ts';

/** Where tokens are to be had, as the end of a sentence. */
const ASK = 'ask POST /api/v1/auth/token for a token, with the API key as X-API-Key';

const MAX_USER_CHARACTERS = 256;

/** A user of a key's holder; throws `forbidden` where the key is for others. */
function userOf(holder: Principal, userId: string): Principal {
  requireUser(holder, userId);
  return asUser(holder, userId);
}

/** The user that a token or HTTP Basic names; throws `unauthorized`, or `too_many` for many that are wrong. */
export async function admitUser(request: FastifyRequest, keys: KeyCheck, tokens: UserTokens): Promise<Principal> {
  const shown = authorizationOf(request);
  if (shown?.scheme === 'basic') {
    const holder = keys.admit(request);
    requireUserId(shown.user);
    return userOf(holder, shown.user);
  }
  if (shown === null) {
    keys.admitVisitor(request);
    const hasKey = request.headers['x-api-key'] !== undefined;
    throw unauthorized(hasKey ? `The API key alone is no token: ${ASK}.` : `Authorization: Bearer is missing: ${ASK}.`);
  }
  const subject = await tokens.read(shown.token, 'access');
  if (subject === 'expired') {
    keys.admitVisitor(request);
    throw unauthorized('The token has expired; POST /api/v1/auth/refresh makes another of the refresh token.');
  }
  if (subject === 'bad') return keys.refuseSignature(request, `This is no token of this server: ${ASK}.`);
  return userOf(keys.admitNamed(request, subject.keyName), subject.userId);
}

/** Throws a 400 for what is no id of a user. */
export function requireUserId(userId: string): void {
  if (userId === '') throw new HttpError(400, 'user_id required');
  if (userId.length <= MAX_USER_CHARACTERS && userId.isWellFormed() && !userId.includes('\0')) return;
  throw new HttpError(400, `user_id must have ${MAX_USER_CHARACTERS} characters or fewer, and no NUL character`);
}

function unauthorized(sentence: string): SandboxError {
  return new SandboxError('unauthorized', sentence);
}
