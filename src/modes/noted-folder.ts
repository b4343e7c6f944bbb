import type { Mode } from '../config/modes.ts';
import { FolderLock } from '../sandboxes/storage/folder-lock.ts';
import { beginEngineNote } from './engine-note.ts';

/** Takes a data folder for a server of this mode; a new one says from then on that nothing has run there yet. */
export async function takeNotedFolder(folder: string, mode: Mode): Promise<FolderLock> {
  const lock = await FolderLock.take(folder);
  try {
    await beginEngineNote(folder, mode);
    return lock;
  } catch (error) {
    await lock.close();
    throw error;
  }
}
