import { mkdir, readdir, rename } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../../base/errors.ts';
import { NEXT_FOLDER, PLAIN_FOLDERS, PREVIOUS_FOLDER, RESTORED_FOLDER } from '../base/layout.ts';
import { removeFolder } from '../base/removal.ts';
import { syncPath } from '../base/sync.ts';

/**
 * Puts restored folders in the place of a sandbox's plain ones, which are kept beside. One rename decides: before it a crash leaves
 * those of before, and after it the next look at the folder goes on with the exchange.
 */
export async function exchangeFolders(folder: string): Promise<void> {
  await removeFolder(join(folder, PREVIOUS_FOLDER));
  await rename(join(folder, RESTORED_FOLDER), join(folder, NEXT_FOLDER));
  await syncPath(folder);
  await settleExchange(folder);
}

/** Undoes it: those of before take their place in the same way. */
export async function putFoldersBack(folder: string): Promise<void> {
  await rename(join(folder, PREVIOUS_FOLDER), join(folder, NEXT_FOLDER));
  await syncPath(folder);
  await settleExchange(folder);
}

/** Goes on with an exchange that was decided, perhaps by a server that is gone; does nothing where there is none. */
export async function settleExchange(folder: string): Promise<void> {
  const [next, previous] = [join(folder, NEXT_FOLDER), join(folder, PREVIOUS_FOLDER)];
  const waiting = await readdir(next).catch((error: unknown) => {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  });
  if (waiting === null) return;
  await mkdir(previous, { recursive: true, mode: 0o700 });
  for (const name of PLAIN_FOLDERS) {
    if (!waiting.includes(name)) continue;
    await rename(join(folder, name), join(previous, name)).catch((error: unknown) => {
      if (!hasCode(error, 'ENOENT')) throw error;
    });
    await rename(join(next, name), join(folder, name));
  }
  await syncPath(previous);
  await syncPath(folder);
  await removeFolder(next);
}

/** Ends an exchange, and removes all folders that are beside those of a sandbox. */
export async function dropOtherFolders(folder: string): Promise<void> {
  await settleExchange(folder);
  for (const other of [RESTORED_FOLDER, PREVIOUS_FOLDER]) await removeFolder(join(folder, other));
}
