import { KeyedMutex } from '../../async/keyed-mutex.ts';
import { SandboxError } from '../../base/errors.ts';
import type { SandboxId } from '../../base/sandbox-address.ts';
import type { Disks } from '../../disks/disks.ts';
import type { EngineUser } from '../../engines/engine.ts';
import type { MountSource } from '../../engines/engine-volumes.ts';
import type { Registry } from '../registry/registry.ts';
import type { SandboxSpec } from '../spec/sandbox-spec.ts';
import type { FolderUser } from '../storage/folder-users.ts';
import type { SandboxStore } from '../storage/store.ts';
import type { SandboxUsers } from '../users/sandbox-users.ts';
import { folderOfVolume } from './volume-file.ts';
import type { Volumes } from './volumes.ts';

interface AttachmentsParts {
  readonly volumes: Volumes;
  readonly disks: Disks;
  readonly users: SandboxUsers;
  readonly store: SandboxStore;
  readonly registry: Registry;
  readonly onError: (error: unknown) => void;
}

/** What an engine is to bind of a sandbox's volumes, and the groups whose files are in there. */
export interface Attached {
  readonly mounts: readonly { readonly source: MountSource; readonly target: string }[];
  readonly groups: readonly number[];
}

/** Opens the disks of volumes for sandboxes that start, and closes them behind the last that has them. */
export class Attachments {
  readonly #parts: AttachmentsParts;
  readonly #working = new KeyedMutex<string>();

  constructor(parts: AttachmentsParts) {
    this.#parts = parts;
  }

  /** Opens the volumes of a sandbox that is to start; throws `conflict` where one of them is gone. */
  async open({ volumes: wanted }: SandboxSpec, { owner }: Pick<FolderUser, 'owner'>): Promise<Attached> {
    const mounts: { source: MountSource; target: string }[] = [];
    const groups: number[] = [];
    for (const { id, path } of wanted) {
      const opened = await this.#working.run(id, () => this.#open(id, owner));
      mounts.push({ source: opened.source, target: path });
      if (opened.group !== null) groups.push(opened.group);
    }
    return { mounts, groups };
  }

  /** Closes all disks of a sandbox that has stopped: its own, and its volumes. */
  async closeAll(sandboxId: SandboxId): Promise<void> {
    await this.#parts.store.closeFolders(sandboxId);
    await this.#close(sandboxId);
  }

  /** Removes the volumes of a sandbox that is gone for good. */
  async removeAll(sandboxId: SandboxId): Promise<void> {
    await this.#parts.volumes.removeOf(sandboxId);
  }

  /** Closes the volumes of a sandbox that has stopped, but those that another has; what fails is reported, and the sweep tries it again. */
  async #close(sandboxId: SandboxId): Promise<void> {
    const sandbox = this.#parts.registry.at(sandboxId);
    for (const { id } of sandbox?.asked.volumes ?? []) {
      await this.#working.run(id, async () => {
        if (!this.#isUsed(id, sandboxId))
          await this.#parts.disks.closeDisk(folderOfVolume(id)).catch(this.#parts.onError);
      });
    }
  }

  /** Closes a volume's disk, by the name of its folder, where no sandbox has it. */
  async sweep(folder: string): Promise<void> {
    const id = folder.slice(folderOfVolume('').length);
    await this.#working.run(id, async () => {
      if (!this.#isUsed(id, null)) await this.#parts.disks.closeDisk(folder);
    });
  }

  async #open(id: string, owner: EngineUser): Promise<{ source: MountSource; group: number | null }> {
    const { volumes, disks, users } = this.#parts;
    const volume = volumes.get(id);
    if (!volume)
      throw new SandboxError('conflict', 'A volume of the sandbox is gone; unmount it, then start it again.');
    const name = folderOfVolume(id);
    const { sizeBytes } = volume;
    if (volume.sandboxId !== null) {
      return { source: (await disks.openDisk(name, owner, { sizeBytes })).workspace, group: null };
    }
    const shared = await users.prepare(name, null);
    const { workspace } = await disks.openDisk(name, shared.owner, { sizeBytes, isShared: true });
    return { source: workspace, group: shared.user.gid };
  }

  /** True where a sandbox has it that runs, or that something is done with. */
  #isUsed(id: string, butBy: SandboxId | null): boolean {
    return [...this.#parts.registry.all()].some(
      (sandbox) =>
        sandbox.id !== butBy &&
        (sandbox.isUp || !sandbox.mutex.isFree) &&
        sandbox.asked.volumes?.some((one) => one.id === id),
    );
  }
}
