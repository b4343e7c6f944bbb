import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode } from '../base/errors.ts';
import { ARCHIVE_FILE, CHECKPOINTS_FOLDER, PREVIOUS_FILE, RESTORED_FILE, VOLUME_FILE } from './base/layout.ts';
import { readVolumeNote } from './base/volume-note.ts';

/** Blocks of a file are counted in these (stat(2)). */
const BLOCK_BYTES = 512;

/** What a file takes of the disk that it is on, in bytes; 0 where there is none. Holes take nothing. */
export async function blocksOf(file: string): Promise<number> {
  return await stat(file).then(({ blocks }) => blocks * BLOCK_BYTES, orNone(0));
}

/** The same of what is kept beside the files of a sandbox: its checkpoints, and an image that is to take the place of its own. */
export async function takenBeside(folder: string): Promise<number> {
  const images = await Promise.all(
    [ARCHIVE_FILE, RESTORED_FILE, PREVIOUS_FILE].map((name) => blocksOf(join(folder, name))),
  );
  let sum = images.reduce((one, other) => one + other, 0);
  const checkpoints = join(folder, CHECKPOINTS_FOLDER);
  for (const id of await namesIn(checkpoints)) sum += await takenByCheckpoint(join(checkpoints, id));
  return sum;
}

/** What the checkpoint in a folder takes, of the disk there or of an engine that has its volume, in bytes; 0 where there is none. */
export async function takenByCheckpoint(folder: string): Promise<number> {
  let sum = (await readVolumeNote(join(folder, VOLUME_FILE)))?.copiedBytes ?? 0;
  for (const name of await namesIn(folder)) sum += await blocksOf(join(folder, name));
  return sum;
}

async function namesIn(folder: string): Promise<readonly string[]> {
  return await readdir(folder).catch(orNone<string[]>([]));
}

function orNone<T>(none: T): (error: unknown) => T {
  return (error) => {
    if (hasCode(error, 'ENOENT')) return none;
    throw error;
  };
}
