import { SandboxError } from '../../../../base/errors.ts';
import { findUser, type LinuxUser, unknownUser } from '../users.ts';

/** The user that a query names; throws `unauthorized` for one that there is not. */
export function toUser(name: string | null | undefined): LinuxUser {
  const user = findUser(name ?? undefined);
  if (user === null) throw new SandboxError('unauthorized', unknownUser(name ?? ''));
  return user;
}

/** What is said of a file that is not there. */
export function missing(path: string): SandboxError {
  return new SandboxError('not_found', `path '${path}' does not exist`);
}
