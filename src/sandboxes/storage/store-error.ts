import { isSandboxError, SandboxError } from '../../base/errors.ts';
import { isFull } from './record-file.ts';

/** What failed in the data folder, for those who called: `no_space` where its disk is full, else `unavailable`; `what` begins the sentence. */
export function toStoreError(cause: unknown, what: string): SandboxError {
  if (isSandboxError(cause)) return cause;
  if (isFull(cause)) {
    return new SandboxError('no_space', `${what}: the disk of the server is full.`, { cause });
  }
  const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
  return new SandboxError('unavailable', `${what}${reason}; the operator must look at the data folder.`, { cause });
}
