import { randomBytes } from 'node:crypto';
import type { Clock } from '../../async/clock.ts';
import { withDeadline } from '../../async/deadline.ts';
import { type Principal, requireUser } from '../../auth/principal.ts';
import { isSandboxError, SandboxError } from '../../base/errors.ts';
import type { SandboxAddress } from '../../base/sandbox-address.ts';
import type { Config } from '../../config/config.ts';
import type { Disks } from '../../disks/disks.ts';
import type { AskedSpec } from '../asked/asked-spec.ts';
import { DEFAULT_LIFE, type LifePolicy } from '../asked/life-policy.ts';
import { type SandboxRef, SHARED_NAMESPACE } from '../asked/ref.ts';
import type { Changes } from '../changes/changes.ts';
import type { SettingsChange } from '../changes/settings-change.ts';
import type { Lifecycle } from '../lifecycle/lifecycle.ts';
import type { Provisioner } from '../lifecycle/provisioner.ts';
import type { UsageMeter } from '../metering/usage-meter.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import { requireGrantable } from '../spec/sandbox-spec.ts';
import type { SandboxStatus } from '../status/status.ts';
import { makeSandboxFolder } from '../storage/data-folder.ts';
import { newRecord } from '../storage/record.ts';
import type { SandboxStore } from '../storage/store.ts';
import type { Checkpoints } from './checkpoints.ts';
import type { DiskCapture } from './disk-capture.ts';
import { FORK_PREFIX, removeFork } from './leftovers.ts';

/** How long all of it may take that a call does, in milliseconds. */
const CALL_MS = 600_000;

/** Of what never runs. */
const KEPT_LIFE: LifePolicy = {
  pauseAfter: 'never',
  stopAfter: 'never',
  yieldsAtCap: false,
  end: { when: 'never' },
  staysSuspended: true,
};

interface ForksParts {
  readonly config: Config;
  readonly clock: Clock;
  readonly checkpoints: Checkpoints;
  readonly capture: DiskCapture;
  readonly disks: Disks;
  readonly store: SandboxStore;
  readonly changes: Changes;
  readonly lifecycle: Lifecycle;
  readonly provisioner: Provisioner;
  readonly usageMeter: UsageMeter;
  /** Raised when the server ends: calls that wait for a sandbox reject with its reason. */
  readonly ending: AbortSignal;
  readonly onError: (error: unknown) => void;
}

/** What a sandbox begins with: the files of another, as they are now or were at a checkpoint. */
export interface ForkSource {
  readonly address: SandboxAddress;
  /** Null for what it has now. */
  readonly checkpointId: string | null;
}

/** What else a sandbox is made with. */
interface ForkRequest {
  readonly asked: AskedSpec;
  /** The usual one where absent. */
  readonly life?: LifePolicy;
  readonly change: SettingsChange;
}

/** Makes sandboxes that begin with the files of others, and with nothing else of them. */
export class Forks {
  readonly #parts: ForksParts;

  constructor(parts: ForksParts) {
    this.#parts = parts;
  }

  /**
   * Makes the sandbox with the files of another one, which become those of its own user. Throws `conflict` where it exists or has kept
   * files, `forbidden` where the principal may not use the other one, `not_found` where that or its checkpoint is not there.
   */
  async create(ref: SandboxRef, from: ForkSource, request: ForkRequest): Promise<SandboxStatus> {
    const { changes, config, usageMeter, ending } = this.#parts;
    if (from.address.namespace === SHARED_NAMESPACE) requireUser(ref.principal, from.address.id);
    requireGrantable(request.asked, config);
    const target = await changes.find(ref);
    await this.#requireNothing(target);
    const source = await this.#sourceOf(ref.principal, from);
    changes.requirePossible(target, request.change);
    const sentence = 'The copy of the files takes long and goes on; look at the status of the sandbox later.';
    const made = target.mutex.run(() => this.#make(target, source, ref, from.checkpointId, request));
    await withDeadline(made, CALL_MS, sentence, ending);
    changes.noteUse(target);
    return await changes.describe(target, usageMeter.last(target));
  }

  /** Makes what never runs of the files of another, for others to begin with; throws as `create` does. */
  async keep(ref: SandboxRef, from: SandboxAddress, change: SettingsChange): Promise<void> {
    const { changes, clock, lifecycle, onError, ending } = this.#parts;
    const target = await changes.find(ref);
    const source = await this.#sourceOf(ref.principal, { address: from, checkpointId: null });
    const sentence = 'The copy of the files takes long and goes on; look at the list later.';
    const made = target.mutex.run(async () => {
      await this.#requireNothing(target);
      try {
        const request = { asked: source.asked, life: KEPT_LIFE, createdBy: ref.principal.name };
        await this.#seed(target, source, null, request);
        if (target.record) target.record = { ...target.record, haltedAtMs: clock.wallMs() };
        await changes.apply(target, change);
      } catch (error) {
        if (target.isExisting) await lifecycle.purge(target).catch(onError);
        throw error;
      }
    });
    await withDeadline(made, CALL_MS, sentence, ending);
  }

  async #make(
    target: Sandbox,
    source: Sandbox,
    { principal }: SandboxRef,
    checkpointId: string | null,
    { asked, life = DEFAULT_LIFE, change }: ForkRequest,
  ): Promise<void> {
    const { changes, provisioner, lifecycle, onError } = this.#parts;
    await this.#requireNothing(target);
    const made = { asked, life };
    try {
      await provisioner.bringUp(target, principal, made, async () => {
        await this.#seed(target, source, checkpointId, { ...made, createdBy: principal.name });
      });
      await changes.apply(target, change);
    } catch (error) {
      const { record } = target;
      // A sandbox that exists now does so for the copy alone.
      if (target.isExisting && record) {
        await lifecycle.purge(target).catch(onError);
        provisioner.forget(record);
      }
      throw error;
    }
  }

  /** Makes the copy in a folder that nobody owns, which a rename gives to the target with its record. */
  async #seed(
    target: Sandbox,
    source: Sandbox,
    checkpointId: string | null,
    request: Parameters<typeof newRecord>[1],
  ): Promise<void> {
    const { store, disks, clock, onError } = this.#parts;
    await disks.reserve.requireForNew();
    const name = `${FORK_PREFIX}${randomBytes(8).toString('hex')}`;
    const folder = store.folderOf(name);
    try {
      await makeSandboxFolder(folder);
      const diskBytes = await this.#copy(source, checkpointId, name, request.createdBy);
      // What is there is of nobody: a start that was given up, or a crash, has left it.
      await store.purge(target.id);
      const record = { ...newRecord(target, request, clock.wallMs()), diskBytes };
      await store.claimPoolFolder(name, record);
      target.record = record;
      target.become('stopped');
    } finally {
      // What cannot be removed now goes at the next start, by its name in the folder.
      await removeFork(folder, name, disks).catch(onError);
    }
  }

  /** Resolves with what the files take, where only a measurement can tell. */
  async #copy(
    source: Sandbox,
    checkpointId: string | null,
    name: string,
    keyName: string | null,
  ): Promise<number | null> {
    const { checkpoints, capture, disks } = this.#parts;
    return await checkpoints.inTurn(source, async () => {
      if (checkpointId === null) {
        const to = { name, path: '' };
        await capture.copyNow(source, to, keyName);
        return await (await capture.copiesOf(source)).seed(to, name);
      }
      const { id, kind, sizeBytes } = await checkpoints.require(source, checkpointId);
      const seed = () => disks.copies[kind].seed(checkpoints.placeOf(source, id), name);
      return await capture.withRoom({ kind, bytes: sizeBytes, keyName }, seed);
    });
  }

  async #sourceOf(principal: Principal, { address }: ForkSource): Promise<Sandbox> {
    try {
      return await this.#parts.changes.findExisting({ address, principal });
    } catch (error) {
      if (!isSandboxError(error, 'not_found') || address.namespace !== SHARED_NAMESPACE) throw error;
      throw new SandboxError('not_found', 'The sandbox that from.user_id names is not there.');
    }
  }

  async #requireNothing({ id, record, isExisting }: Sandbox): Promise<void> {
    if (isExisting) throw new SandboxError('conflict', 'There is a sandbox already, which a copy would replace.');
    const isKept = record === null ? await this.#parts.disks.hasFiles(id) : !record.isBlank;
    if (!isKept) return;
    const sentence =
      'There are files of a sandbox that was deleted, which a copy would replace; delete them first (?files=true).';
    throw new SandboxError('conflict', sentence);
  }
}
