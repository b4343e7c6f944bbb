import { join } from 'node:path';
import type { EngineUser } from '../engines/engine.ts';
import type { Disk, DiskFolders } from './base/disk.ts';
import { ownNamespace } from './base/mount-namespace.ts';
import { makeUserFolders } from './base/user-folder.ts';
import { settleExchange } from './copies/folder-exchange.ts';

/** Plain folders in the data folder's own file system: nothing holds their size, so the sandbox's agent measures it. */
export class MeasuredDisk implements Disk {
  async open(folder: string, owner: EngineUser): Promise<DiskFolders> {
    await settleExchange(folder);
    const folders = { workspace: join(folder, 'workspace'), packages: join(folder, 'packages') };
    await makeUserFolders(ownNamespace, [folders.workspace, folders.packages], owner, { isOwnFileSystem: false });
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
