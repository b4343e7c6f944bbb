import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readText } from '../../base/atomic-file.ts';

/** In the folder of a sandbox that is frozen for a copy of its disk: it is to run on, whoever ends the freeze. */
const FREEZE_MARK = 'frozen';

/** Says that the sandbox of this folder is about to be frozen and must be thawed. */
export async function markFrozen(folder: string): Promise<void> {
  await writeFile(join(folder, FREEZE_MARK), '', { mode: 0o600 });
}

/** True where that was said, and not taken back. */
export async function isMarkedFrozen(folder: string): Promise<boolean> {
  return (await readText(join(folder, FREEZE_MARK))) !== null;
}

/** Says that it was thawed. */
export async function clearFreezeMark(folder: string): Promise<void> {
  await rm(join(folder, FREEZE_MARK), { force: true });
}
