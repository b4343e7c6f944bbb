import type { Mode } from '../config/modes.ts';
import { FolderLock } from '../sandboxes/storage/folder-lock.ts';
import { beginEngineNote } from './engine-note.ts';

/** Takes a data folder for a server of this mode; a new one says from then on that nothing has run there yet. */
export async function takeNotedFolder(folder: string, mode: Mode): Promise<FolderLock> {
  const lock = await FolderLock.take(folder);
  // Where nothing can be written the folder does not fit, and whoever looks at that says why.
  await beginEngineNote(folder, mode).catch(() => undefined);
  return lock;
}
