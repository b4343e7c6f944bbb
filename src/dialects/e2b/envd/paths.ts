import { posix } from 'node:path';
import { SandboxError } from '../../../base/errors.ts';
import type { LinuxUser } from './users.ts';

/** The longest path, in characters. */
const MAX_PATH = 4096;

/** A path of a request made absolute: empty, `~` and relative ones begin at the user's home. Throws `invalid` for another user's. */
export function resolvePath(path: string, { home }: Pick<LinuxUser, 'home'>): string {
  if (path.length > MAX_PATH) throw new SandboxError('invalid', `The path has more than ${MAX_PATH} characters.`);
  if (path.includes('\0')) throw new SandboxError('invalid', 'The path holds a NUL character.');
  if (!path.isWellFormed()) throw new SandboxError('invalid', 'The path is no Unicode text.');
  if (path === '~' || path.startsWith('~/')) return posix.join(home, path.slice(1));
  if (path.startsWith('~')) throw new SandboxError('invalid', `The home of another user cannot be named: ${path}.`);
  return posix.resolve(home, path);
}
