import type { Disks } from '../../disks/disks.ts';
import { IMAGE_FILE, PREVIOUS_FILE, RESTORED_FILE } from '../../disks/layout.ts';
import { SandboxError } from '../../errors.ts';
import { type Changes, requireExisting } from '../changes.ts';
import { DEFAULT_LIFE } from '../life-policy.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { Provisioner } from '../lifecycle/provisioner.ts';
import type { UsageMeter } from '../metering/usage-meter.ts';
import type { SandboxRef } from '../ref.ts';
import type { Sandbox } from '../sandbox.ts';
import type { SandboxStatus } from '../status.ts';
import type { SandboxStore } from '../storage/store.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { DiskCapture } from './disk-capture.ts';
import { dropFile, exchangeFile, putBack } from './exchange.ts';

interface RestoringParts {
  readonly checkpoints: Checkpoints;
  readonly capture: DiskCapture;
  readonly disks: Disks;
  readonly store: SandboxStore;
  readonly changes: Changes;
  readonly lifecycle: Lifecycle;
  readonly provisioner: Provisioner;
  readonly usageMeter: UsageMeter;
  readonly onError: (error: unknown) => void;
}

/** Gives sandboxes back what they had. */
export class Restoring {
  readonly #parts: RestoringParts;

  constructor(parts: RestoringParts) {
    this.#parts = parts;
  }

  /**
   * Starts the sandbox anew with the files of a checkpoint, which stays; what ran in it has ended. Whatever fails, it has the files of
   * before. Throws `not_found` where there is no such checkpoint.
   */
  async restore(ref: SandboxRef, checkpointId: string): Promise<SandboxStatus> {
    const { checkpoints, capture, changes, disks, usageMeter } = this.#parts;
    const sandbox = await changes.findExisting(ref);
    await checkpoints.inTurn(sandbox, async () => {
      const { id, sizeBytes } = await checkpoints.require(sandbox, checkpointId);
      const keyBytes = Math.max(0, sizeBytes - (await disks.imageBytes(sandbox.id)));
      const room = { bytes: sizeBytes, keyName: sandbox.record?.createdBy ?? null, keyBytes };
      await capture.withRoom(room, async () => {
        try {
          await capture.copyImage(checkpoints.imageOf(sandbox, id), { name: sandbox.id, file: RESTORED_FILE });
          await sandbox.mutex.run(() => this.#exchange(sandbox, ref));
        } finally {
          await dropFile(this.#parts.store.folderOf(sandbox.id), RESTORED_FILE);
        }
      });
    });
    return await changes.describe(sandbox, usageMeter.last(sandbox));
  }

  async #exchange(sandbox: Sandbox, { principal }: SandboxRef): Promise<void> {
    const { lifecycle, provisioner, onError } = this.#parts;
    requireExisting(sandbox);
    await lifecycle.stop(sandbox, 'restore');
    await this.#requireClosed(sandbox);
    const files = {
      folder: this.#parts.store.folderOf(sandbox.id),
      file: IMAGE_FILE,
      other: RESTORED_FILE,
      before: PREVIOUS_FILE,
    };
    await exchangeFile(files);
    try {
      await provisioner.bringUp(sandbox, principal, { asked: {}, life: DEFAULT_LIFE });
    } catch (error) {
      await lifecycle.stop(sandbox, 'restore').catch(onError);
      await this.#requireClosed(sandbox);
      await putBack(files);
      throw error;
    }
    await dropFile(files.folder, PREVIOUS_FILE).catch(onError);
  }

  /** An image that is mounted cannot be exchanged: what is written would go to the one of before. */
  async #requireClosed({ id }: Sandbox): Promise<void> {
    if (!(await this.#parts.disks.mounted()).includes(id)) return;
    throw new SandboxError('unavailable', 'The disk of the sandbox is still in use; try again in a moment.');
  }
}
