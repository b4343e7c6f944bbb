import { link, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { syncPath } from '../base/sync.ts';

/** A file that another one is to take the place of, all in one folder. */
interface Exchange {
  readonly folder: string;
  readonly file: string;
  /** What takes its place. */
  readonly other: string;
  /** Its name until the exchange is over. */
  readonly before: string;
}

/** Puts the other file in the place of a file, which is kept under another name; a crash leaves one of the two there. */
export async function exchangeFile({ folder, file, other, before }: Exchange): Promise<void> {
  await dropFile(folder, before);
  await link(join(folder, file), join(folder, before));
  await rename(join(folder, other), join(folder, file));
  await syncPath(folder);
}

/** Undoes it. */
export async function putBack({ folder, file, before }: Exchange): Promise<void> {
  await rename(join(folder, before), join(folder, file));
  await syncPath(folder);
}

/** Removes a file, if it is there. */
export async function dropFile(folder: string, file: string): Promise<void> {
  await rm(join(folder, file), { force: true });
}
