import type { FastifyReply } from 'fastify';
import { SandboxError } from '../../../../errors.ts';
import { limitIdleClient } from '../../../../http/client-idle.ts';
import { disconnectSignal } from '../../../../http/disconnect.ts';
import { findUser, type LinuxUser, unknownUser } from '../users.ts';

/** How long a client may move no byte while it is the one that is waited for, in milliseconds. */
const CLIENT_IDLE_MS = 60_000;

/** The user that a query names; throws `unauthorized` for one that there is not. */
export function toUser(name: string | null | undefined): LinuxUser {
  const user = findUser(name ?? undefined);
  if (user === null) throw new SandboxError('unauthorized', unknownUser(name ?? ''));
  return user;
}

/** How bytes are streamed in either direction: as long as both sides move them, until the client leaves. */
export function toStream(reply: FastifyReply): { readonly signal: AbortSignal } {
  limitIdleClient(reply, CLIENT_IDLE_MS);
  return { signal: disconnectSignal(reply) };
}

/** What is said of a file that is not there. */
export function missing(path: string): SandboxError {
  return new SandboxError('not_found', `path '${path}' does not exist`);
}
