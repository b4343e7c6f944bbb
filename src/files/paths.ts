import { posix } from 'node:path';
import { SandboxError } from '../errors.ts';
import { WORKSPACE } from '../sandboxes/spec/layout.ts';

/** A path of the sandbox made absolute, without `.` and `..`; relative ones start at the workspace. */
export function toAbsolutePath(path: string): string {
  return posix.resolve(WORKSPACE, path);
}

/** The same for a file that is to be written; throws `invalid` where the path can only be a folder's. */
export function toFilePath(path: string): string {
  if (/(^|\/)\.{0,2}$/.test(path))
    throw new SandboxError('invalid', 'path names a folder; end it with the name of a file.');
  return toAbsolutePath(path);
}

/** Where relative paths start. */
export const WORKSPACE_PATH = WORKSPACE;
