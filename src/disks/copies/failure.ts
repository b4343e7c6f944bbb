import { SandboxError } from '../../base/errors.ts';
import { CommandFailure } from '../base/command.ts';
import { isScarce } from '../base/scarce.ts';

/** What a copy into a folder that failed is: `no_space` where the disk there is full, else `unavailable`; what is no failure of a program is returned as it is. */
export async function explainFailure(folder: string, cause: unknown): Promise<unknown> {
  if (!(cause instanceof CommandFailure)) return cause;
  if (await isScarce(folder)) {
    return new SandboxError('no_space', 'The disk of the server is full, so no files can be copied.', { cause });
  }
  const sentence =
    cause.exitCode === null
      ? 'The copy of the files took too long, or they grew meanwhile, so it was given up; try again when less is done.'
      : 'The files of the sandbox cannot be copied; the operator must look at the log.';
  return new SandboxError('unavailable', sentence, { cause });
}
