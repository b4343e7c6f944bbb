import { runCommand } from './command.ts';

/** How long it may take to remove a folder with all that is in it, in milliseconds: millions of files take minutes. */
const REMOVE_MS = 1_800_000;

/**
 * Removes a folder with what users have written in it; does nothing where there is none. A program of the system does it, as a path in
 * there may be longer than any that this process can name. Throws a CommandFailure.
 */
export async function removeFolder(folder: string): Promise<void> {
  await runCommand('rm', ['-rf', '--one-file-system', '--', folder], REMOVE_MS);
}
