import type { SandboxId } from '../../base/sandbox-address.ts';
import type { Disks } from '../../disks/disks.ts';
import type { Registry } from '../registry/registry.ts';
import type { SandboxStore } from '../storage/store.ts';
import type { Attachments } from '../volumes/attachments.ts';
import { isVolumeFolder } from '../volumes/volume-file.ts';

/** Closes the disks of sandboxes that do not run: those of an earlier server, and those that could not be closed in time. */
export class DiskSweep {
  readonly #disks: Pick<Disks, 'mounted'>;
  readonly #store: Pick<SandboxStore, 'isPoolFolder' | 'closeFolders'>;
  readonly #registry: Pick<Registry, 'find'>;
  readonly #attachments: Pick<Attachments, 'sweep'>;
  #isOpen = false;

  constructor(
    disks: Pick<Disks, 'mounted'>,
    store: Pick<SandboxStore, 'isPoolFolder' | 'closeFolders'>,
    registry: Pick<Registry, 'find'>,
    attachments: Pick<Attachments, 'sweep'>,
  ) {
    this.#attachments = attachments;
    this.#disks = disks;
    this.#store = store;
    this.#registry = registry;
  }

  /** Begins: from now on, what runs is known. */
  open(): void {
    this.#isOpen = true;
  }

  /** One pass over what is mounted; throws, after all others, where one cannot be closed. A sandbox that is being changed is left for the next. */
  async sweep(): Promise<void> {
    if (!this.#isOpen) return;
    const failures: unknown[] = [];
    for (const name of await this.#disks.mounted()) {
      await this.#close(name).catch((error: unknown) => failures.push(error));
    }
    if (failures.length > 0) throw failures[0];
  }

  async #close(name: string): Promise<void> {
    if (this.#store.isPoolFolder(name)) return;
    if (isVolumeFolder(name)) return await this.#attachments.sweep(name);
    const sandbox = await this.#registry.find(name as SandboxId);
    if (!sandbox) await this.#store.closeFolders(name);
    else if (sandbox.isIdle && !sandbox.isUp) {
      await sandbox.mutex.run(async () => {
        if (!sandbox.isUp) await this.#store.closeFolders(name);
      });
    }
  }
}
