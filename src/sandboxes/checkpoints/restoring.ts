import { SandboxError } from '../../base/errors.ts';
import type { DiskKind } from '../../disks/base/disk.ts';
import type { FileCopies } from '../../disks/copies/file-copies.ts';
import type { Disks } from '../../disks/disks.ts';
import { DEFAULT_LIFE } from '../asked/life-policy.ts';
import type { SandboxRef } from '../asked/ref.ts';
import { type Changes, requireExisting } from '../changes/changes.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { Provisioner } from '../lifecycle/provisioner.ts';
import type { UsageMeter } from '../metering/usage-meter.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import type { SandboxStatus } from '../status/status.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { DiskCapture } from './disk-capture.ts';

const KEPT =
  'The engine failed while the sandbox was started with the files of the checkpoint, and again as those of before were to be brought back: it has the files of the checkpoint.';

interface RestoringParts {
  readonly checkpoints: Checkpoints;
  readonly capture: DiskCapture;
  readonly disks: Disks;
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
   * before, but where the engine fails so that they cannot be brought back: then the error says so. Throws `not_found` where there is no
   * such checkpoint.
   */
  async restore(ref: SandboxRef, checkpointId: string): Promise<SandboxStatus> {
    const { checkpoints, capture, changes, disks, usageMeter } = this.#parts;
    const sandbox = await changes.findExisting(ref);
    await checkpoints.inTurn(sandbox, async () => {
      const { id, kind, sizeBytes } = await checkpoints.require(sandbox, checkpointId);
      const copies = await this.#copiesOf(sandbox, kind);
      const ownBytes = (await disks.imageBytes(sandbox.id)) + (sandbox.record?.diskBytes ?? 0);
      const keyBytes = Math.max(0, sizeBytes - ownBytes);
      const room = { kind, bytes: sizeBytes, keyName: sandbox.record?.createdBy ?? null, keyBytes };
      await capture.withRoom(room, async () => {
        try {
          await copies.prepare(checkpoints.placeOf(sandbox, id), sandbox.id);
          await sandbox.mutex.run(() => this.#exchange(sandbox, ref, copies));
        } finally {
          await copies.dropPrepared(sandbox.id);
        }
      });
    });
    return await changes.describe(sandbox, usageMeter.last(sandbox));
  }

  async #exchange(sandbox: Sandbox, { principal }: SandboxRef, copies: FileCopies): Promise<void> {
    const { lifecycle, provisioner, onError } = this.#parts;
    requireExisting(sandbox);
    await lifecycle.stop(sandbox, 'restore');
    await this.#requireClosed(sandbox);
    await this.#letGo(sandbox);
    await copies.exchange(sandbox.id);
    try {
      await provisioner.bringUp(sandbox, principal, { asked: {}, life: DEFAULT_LIFE });
    } catch (error) {
      await lifecycle.stop(sandbox, 'restore').catch(onError);
      await this.#requireClosed(sandbox).catch((cause: unknown) => {
        onError(error);
        throw new SandboxError('unavailable', KEPT, { cause });
      });
      await this.#letGo(sandbox).catch(onError);
      await copies.putBack(sandbox.id);
      throw error;
    }
    await copies.dropOthers(sandbox.id).catch(onError);
  }

  /** A sandbox has files of one kind in all its life, unless its operator moves them. */
  async #copiesOf(sandbox: Sandbox, kind: DiskKind): Promise<FileCopies> {
    const { disks } = this.#parts;
    if ((await disks.kind(sandbox.id)) === kind) return disks.copies[kind];
    throw new SandboxError('conflict', 'The checkpoint is of another kind of disk than the sandbox has now.');
  }

  /** A container has the volume that it was made with; another is made with the other one. */
  async #letGo(sandbox: Sandbox): Promise<void> {
    const { disks, lifecycle } = this.#parts;
    if ((await disks.kind(sandbox.id)) === 'volume') await lifecycle.discardContainer(sandbox);
  }

  /** An image that is mounted cannot be exchanged: what is written would go to the one of before. */
  async #requireClosed({ id }: Sandbox): Promise<void> {
    if (!(await this.#parts.disks.mounted()).includes(id)) return;
    throw new SandboxError('unavailable', 'The disk of the sandbox is still in use; try again in a moment.');
  }
}
