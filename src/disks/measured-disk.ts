import { join } from 'node:path';
import type { Disk, DiskFolders } from './disk.ts';
import { ownNamespace } from './mount-namespace.ts';
import { type FindOwner, makeUserFolder } from './user-folder.ts';

/** Plain folders in the data folder's own file system: nothing holds their size, so the sandbox's agent measures it. */
export class MeasuredDisk implements Disk {
  readonly #owner: FindOwner;

  constructor(owner: FindOwner) {
    this.#owner = owner;
  }

  async open(folder: string): Promise<DiskFolders> {
    const owner = await this.#owner();
    const folders = { workspace: join(folder, 'workspace'), packages: join(folder, 'packages') };
    await makeUserFolder(ownNamespace, folders.workspace, owner);
    await makeUserFolder(ownNamespace, folders.packages, owner);
    return folders;
  }

  async close(): Promise<void> {}

  async usage(): Promise<null> {
    return null;
  }

  async mounted(): Promise<string[]> {
    return [];
  }
}
