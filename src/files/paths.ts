import { posix } from 'node:path';
import { WORKSPACE } from '../sandboxes/spec/folders.ts';
import { PathError } from './refusals.ts';

/** A path of the sandbox made absolute, without `.` and `..`; relative ones start at the workspace, or another absolute folder. */
export function toAbsolutePath(path: string, from: string = WORKSPACE): string {
  return posix.resolve(from, path);
}

/** The same for a file that is to be written; throws `invalid` where the path can only be a folder's. */
export function toFilePath(path: string, from: string = WORKSPACE): string {
  if (/(^|\/)\.{0,2}$/.test(path)) throw new PathError('path names a folder; end it with the name of a file.');
  return toAbsolutePath(path, from);
}

/** Where relative paths start. */
export const WORKSPACE_PATH = WORKSPACE;
