import type { Clock } from '../../async/clock.ts';
import { withDeadline } from '../../async/deadline.ts';
import { KeyedMutex } from '../../async/keyed-mutex.ts';
import { SandboxError } from '../../base/errors.ts';
import type { SandboxId } from '../../base/sandbox-address.ts';
import type { Config } from '../../config/config.ts';
import type { CopyPlace } from '../../disks/copies/file-copies.ts';
import type { Disks } from '../../disks/disks.ts';
import type { SandboxRef } from '../asked/ref.ts';
import { type Changes, requireExisting } from '../changes/changes.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import type { SandboxStore } from '../storage/store.ts';
import { type Checkpoint, newCheckpointId } from './checkpoint.ts';
import { CheckpointFolder } from './checkpoint-folder.ts';
import type { DiskCapture } from './disk-capture.ts';

/** How long all of it may take that a call does, in milliseconds. */
const CALL_MS = 600_000;

/** Copies of one sandbox that wait for each other. */
const MAX_WAITING = 64;

/** What checkpoints work with. */
export interface CheckpointsParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly changes: Changes;
  readonly store: SandboxStore;
  readonly disks: Disks;
  readonly capture: DiskCapture;
  /** Raised when the server ends: calls that wait for a sandbox reject with its reason. */
  readonly ending: AbortSignal;
}

/** Takes, keeps and removes checkpoints of sandboxes. Each method throws `not_found` where there is no sandbox, or another principal's. */
export class Checkpoints {
  readonly #parts: CheckpointsParts;
  readonly #turns = new KeyedMutex<SandboxId>();

  constructor(parts: CheckpointsParts) {
    this.#parts = parts;
  }

  /** Takes one of what the sandbox has now, on disk when this resolves; throws `conflict` where it has as many as it may. */
  async take(ref: SandboxRef, name: string | null): Promise<Checkpoint> {
    const { capture, changes, disks } = this.#parts;
    const sandbox = await changes.findExisting(ref);
    return await this.inTurn(sandbox, async () => {
      const folder = this.folderOf(sandbox.id);
      const before = await folder.list();
      this.#requireFew(before.length);
      const id = newCheckpointId();
      // Newest first is also right where the clock has gone back.
      const createdAtMs = Math.max(this.#parts.clock.wallMs(), (before[0]?.createdAtMs ?? 0) + 1);
      const path = await folder.begin(id);
      try {
        const kind = await disks.kind(sandbox.id);
        await capture.copyNow(sandbox, { name: sandbox.id, path }, sandbox.record?.createdBy ?? null);
        return await folder.finish({ version: 1, id, name, kind, createdAtMs });
      } catch (error) {
        // What cannot be removed now goes at the next start.
        await folder.discard(id).catch(() => undefined);
        // A purge takes the folder away under it.
        requireExisting(sandbox);
        throw error;
      }
    });
  }

  /** Those of the sandbox, newest first; that neither starts nor uses it. */
  async list(ref: SandboxRef): Promise<readonly Checkpoint[]> {
    const { id } = await this.#parts.changes.findExisting(ref);
    return await this.folderOf(id).list();
  }

  /** Removes one for good; throws `not_found` where there is none of that id. */
  async remove(ref: SandboxRef, id: string): Promise<void> {
    const sandbox = await this.#parts.changes.findExisting(ref);
    await this.inTurn(sandbox, async () => {
      const found = await this.require(sandbox, id);
      await this.folderOf(sandbox.id).remove(found.id);
    });
  }

  /** The checkpoint of that id; throws `not_found`. */
  async require(sandbox: Sandbox, id: string): Promise<Checkpoint> {
    const checkpoint = await this.folderOf(sandbox.id).find(id);
    if (checkpoint) return checkpoint;
    throw new SandboxError('not_found', 'The sandbox has no checkpoint of that id.');
  }

  /** Works on the checkpoints of a sandbox while nobody else does, and keeps it awake meanwhile; throws `timeout` where that takes too long, and the work goes on. */
  async inTurn<T>(sandbox: Sandbox, work: () => Promise<T>): Promise<T> {
    const { changes, ending } = this.#parts;
    ending.throwIfAborted();
    sandbox.leases.take('file', MAX_WAITING);
    const done = this.#turns.run(sandbox.id, async () => {
      try {
        requireExisting(sandbox);
        return await work();
      } finally {
        sandbox.leases.release('file');
        changes.noteUse(sandbox);
      }
    });
    const sentence = 'The copy of the disk takes long and goes on; look at the checkpoints later.';
    return await withDeadline(done, CALL_MS, sentence, ending);
  }

  /** The checkpoints of a sandbox on disk. */
  folderOf(id: SandboxId): CheckpointFolder {
    const { store, disks } = this.#parts;
    return new CheckpointFolder(store.folderOf(id), (path) => disks.copies.volume.drop({ name: id, path }));
  }

  /** Where a checkpoint is. */
  placeOf({ id }: Sandbox, checkpointId: string): CopyPlace {
    return { name: id, path: this.folderOf(id).pathOf(checkpointId) };
  }

  #requireFew(count: number): void {
    const { maxCheckpoints } = this.#parts.config;
    if (count < maxCheckpoints) return;
    const sentence = `The sandbox has its ${maxCheckpoints} checkpoints already; delete one before you take another.`;
    throw new SandboxError('conflict', sentence);
  }
}
