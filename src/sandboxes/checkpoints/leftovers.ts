import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import {
  CHECKPOINTS_FOLDER,
  NEXT_FOLDER,
  PREVIOUS_FILE,
  PREVIOUS_FOLDER,
  PREVIOUS_VOLUME_FILE,
  RESTORED_FILE,
  RESTORED_FOLDER,
  RESTORED_VOLUME_FILE,
} from '../../disks/base/layout.ts';
import { removeFolder } from '../../disks/base/removal.ts';
import { dropFile } from '../../disks/copies/exchange.ts';
import { dropOtherFolders } from '../../disks/copies/folder-exchange.ts';
import type { Disks } from '../../disks/disks.ts';
import { CheckpointFolder } from './checkpoint-folder.ts';

/** The name of a folder begins so in which the files of a sandbox are made that is to begin with them; no sandbox id looks like it. */
export const FORK_PREFIX = 'fork-';

/** What is beside the plain folders of a sandbox while it gets those of a checkpoint. */
const OTHER_FOLDERS: readonly string[] = [RESTORED_FOLDER, NEXT_FOLDER, PREVIOUS_FOLDER];

/** The same of one whose files are a volume. */
const OTHER_VOLUMES: readonly string[] = [RESTORED_VOLUME_FILE, PREVIOUS_VOLUME_FILE];

const FORK_FOLDER = /^fork-[0-9a-f]{16}$/;

/** Removes what a crash has left of copies in all folders of sandboxes; none is being made. What fails is reported. */
export async function sweepLeftovers(dataDir: string, disks: Disks, onError: (error: unknown) => void): Promise<void> {
  for (const entry of await readdir(dataDir, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const folder = join(dataDir, entry.name);
    if (FORK_FOLDER.test(entry.name)) await removeFork(folder, entry.name, disks).catch(onError);
    else await sweepFolder(folder, entry.name, disks).catch(onError);
  }
}

/** Removes a folder in which the files of a sandbox were made, with what it has elsewhere; nothing where a sandbox has become of it. */
export async function removeFork(folder: string, name: string, disks: Disks): Promise<void> {
  await disks.removeDisk(name);
  await removeFolder(folder);
}

async function sweepFolder(folder: string, sandbox: string, disks: Disks): Promise<void> {
  const names = await readdir(folder);
  if (names.some((name) => OTHER_FOLDERS.includes(name))) await dropOtherFolders(folder);
  for (const name of names) {
    if (name === CHECKPOINTS_FOLDER) {
      await new CheckpointFolder(folder, (path) => disks.copies.volume.drop({ name: sandbox, path })).sweep();
    } else if (OTHER_VOLUMES.includes(name)) await disks.copies.volume.dropOthers(sandbox);
    else if (name === RESTORED_FILE || name === PREVIOUS_FILE) await dropFile(folder, name);
  }
}
