import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../base/atomic-file.ts';
import type { FolderUser, ImageAccounts } from '../storage/folder-users.ts';
import { toGroup, toPasswd } from './accounts.ts';

/** Everybody in a sandbox reads them. */
const MODE = 0o644;

/** Where they are in a sandbox's folder. */
export function accountFilesIn(folder: string): Pick<FolderUser, 'passwd' | 'group'> {
  return { passwd: join(folder, 'passwd'), group: join(folder, 'group') };
}

/** True where both are there. */
export async function areAccountFilesIn(folder: string): Promise<boolean> {
  const { passwd, group } = accountFilesIn(folder);
  return await Promise.all([access(passwd), access(group)]).then(
    () => true,
    () => false,
  );
}

/** Writes them where they do not say so already: a sandbox must be able to start while the disk is full. */
export async function writeAccountFiles(folder: string, accounts: ImageAccounts, uid: number): Promise<void> {
  const { passwd, group } = accountFilesIn(folder);
  await writeUnlessSame(passwd, toPasswd(accounts, uid));
  await writeUnlessSame(group, toGroup(accounts, uid));
}

async function writeUnlessSame(file: string, text: string): Promise<void> {
  const content = Buffer.from(text, 'latin1');
  const before = await readFile(file).catch(() => null);
  if (!before?.equals(content)) await writeAtomically(file, content, MODE);
}
