import { readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { CHECKPOINTS_FOLDER, PREVIOUS_FILE, RESTORED_FILE } from '../../disks/layout.ts';
import { CheckpointFolder } from './checkpoint-folder.ts';
import { dropFile } from './exchange.ts';

/** The name of a folder begins so in which the files of a sandbox are made that is to begin with them; no sandbox id looks like it. */
export const FORK_PREFIX = 'fork-';

const FORK_FOLDER = /^fork-[0-9a-f]{16}$/;

/** Removes what a crash has left of copies in all folders of sandboxes; none is being made. What fails is reported. */
export async function sweepLeftovers(dataDir: string, onError: (error: unknown) => void): Promise<void> {
  for (const entry of await readdir(dataDir, { withFileTypes: true })) {
    if (!entry.isDirectory()) continue;
    const folder = join(dataDir, entry.name);
    if (FORK_FOLDER.test(entry.name)) await rm(folder, { recursive: true, force: true }).catch(onError);
    else await sweepFolder(folder).catch(onError);
  }
}

async function sweepFolder(folder: string): Promise<void> {
  for (const name of await readdir(folder)) {
    if (name === CHECKPOINTS_FOLDER) await new CheckpointFolder(folder).sweep();
    else if (name === RESTORED_FILE || name === PREVIOUS_FILE) await dropFile(folder, name);
  }
}
