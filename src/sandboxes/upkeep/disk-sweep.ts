import type { SandboxId } from '../../base/sandbox-address.ts';
import type { Disks } from '../../disks/disks.ts';
import type { Registry } from '../registry/registry.ts';
import type { SandboxStore } from '../storage/store.ts';
import type { Attachments } from '../volumes/attachments.ts';
import { isVolumeFolder } from '../volumes/volume-file.ts';

/** Closes the disks of sandboxes that do not run: those of an earlier server, and those that could not be closed in time. */
export class DiskSweep {
  readonly #disks: Disks;
  readonly #store: SandboxStore;
  readonly #registry: Registry;
  readonly #attachments: Attachments;
  #isOpen = false;

  constructor(disks: Disks, store: SandboxStore, registry: Registry, attachments: Attachments) {
    this.#attachments = attachments;
    this.#disks = disks;
    this.#store = store;
    this.#registry = registry;
  }

  /** Begins: from now on, what runs is known. */
  open(): void {
    this.#isOpen = true;
  }

  /** One pass over what is mounted. A sandbox that is being changed is left for the next. */
  async sweep(): Promise<void> {
    if (!this.#isOpen) return;
    for (const name of await this.#disks.mounted()) {
      if (this.#store.isPoolFolder(name)) continue;
      if (isVolumeFolder(name)) {
        await this.#attachments.sweep(name);
        continue;
      }
      const sandbox = await this.#registry.find(name as SandboxId);
      if (!sandbox) await this.#store.closeFolders(name);
      else if (sandbox.isIdle && !sandbox.isUp) {
        await sandbox.mutex.run(async () => {
          if (!sandbox.isUp) await this.#store.closeFolders(name);
        });
      }
    }
  }
}
