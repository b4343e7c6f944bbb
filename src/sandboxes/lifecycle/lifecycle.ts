import type { AgentConnection } from '../../agent/wire/connection.ts';
import { isSandboxError, messageOf, SandboxError } from '../../base/errors.ts';
import type { EngineId, EngineSandbox } from '../../engines/engine.ts';
import { makeLink } from '../placement/make-link.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import { LABEL, toEngineName } from '../spec/engine-spec.ts';
import { resolveSpec } from '../spec/sandbox-spec.ts';
import {
  type MakeRequest,
  type SandboxRecord,
  toDeletedRecord,
  toStartedRecord,
  toUndoneRecord,
} from '../storage/record.ts';
import { Instances } from './instances.ts';
import { leave } from './leaving.ts';
import type { LifecycleParts } from './lifecycle-parts.ts';
import { forgetContainer, replaceContainer } from './replacement.ts';
import type { StopReason } from './stop-reason.ts';
import { stopWhereStuck } from './stuck.ts';

/** Seconds that programs get to end when their sandbox stops. */
const STOP_GRACE_SECONDS = 2;

/** What a start that failed has found. */
interface FailedStart {
  /** Whether it was to make a sandbox. */
  readonly isNew: boolean;
  /** The same, and nobody has files there. */
  readonly isFirst: boolean;
  readonly before: SandboxRecord | null;
}

/** The verbs on one sandbox. Whoever calls one holds that sandbox's mutex. */
export class Lifecycle {
  readonly #parts: LifecycleParts;
  readonly #instances: Instances;

  constructor(parts: LifecycleParts) {
    this.#parts = parts;
    this.#instances = new Instances(parts);
  }

  /** Makes or starts what the sandbox runs in; it has a slot already. */
  async start(sandbox: Sandbox, request: MakeRequest): Promise<void> {
    const { store, clock } = this.#parts;
    sandbox.become('creating');
    sandbox.record = toStartedRecord(sandbox, request, clock.wallMs());
    const prepared = await this.#instances.prepare(sandbox.record);
    const record = { ...sandbox.record, uid: prepared.folders.user.uid };
    sandbox.record = record;
    await store.write(record);
    await this.#parts.secrets.prepare(record);
    const id = await this.#instances.start(record, prepared);
    sandbox.engineId = id;
    this.#makeLink(sandbox, id);
    sandbox.become('running');
    if (record.engineId === id) return;
    sandbox.record = { ...record, engineId: id };
    await store.write(sandbox.record);
  }

  /** The connection to the agent of a running sandbox. */
  async connect(sandbox: Sandbox): Promise<AgentConnection> {
    if (!sandbox.link) throw new SandboxError('internal', 'A running sandbox has no link to its agent.');
    stopWhereStuck(sandbox, sandbox.link, (stuck) => this.stop(stuck, 'agent', 0), this.#parts.onError);
    return await sandbox.link.connect();
  }

  /** Freezes a running sandbox with its memory. */
  async pause(sandbox: Sandbox): Promise<void> {
    if (sandbox.state !== 'running' || !sandbox.engineId) return;
    const { engineId } = sandbox;
    try {
      await leave(this.#parts, sandbox, async (engine) => {
        if (sandbox.link) sandbox.link.isFrozen = true;
        await engine.pause(engineId);
      });
    } catch (error) {
      if (sandbox.link) sandbox.link.isFrozen = false;
      throw error;
    }
    sandbox.become('paused');
  }

  /** Thaws a frozen sandbox for somebody's use. */
  async resume(sandbox: Sandbox): Promise<void> {
    await this.thaw(sandbox);
    if (sandbox.state !== 'running') return;
    if (sandbox.endPause() && sandbox.record) this.#parts.store.writeSoon(sandbox.record);
  }

  /** The same for a question, which ends no pause that somebody asked for. */
  async thaw(sandbox: Sandbox): Promise<void> {
    try {
      if (sandbox.engineId) await this.#parts.engine.resume(sandbox.engineId);
      sandbox.become('running');
      if (sandbox.link) sandbox.link.isFrozen = false;
      if (sandbox.link?.isNew) void sandbox.link.endOrphans();
    } catch (error) {
      await this.recover(sandbox, error);
    }
  }

  /** Ends all that runs in the sandbox; files, packages and the container stay. */
  async stop(sandbox: Sandbox, reason: StopReason, graceSeconds = STOP_GRACE_SECONDS): Promise<void> {
    if (!sandbox.isUp) return;
    const { store, clock } = this.#parts;
    const { life, pausedAtMs, engineId } = sandbox;
    try {
      await leave(this.#parts, sandbox, async (engine) => {
        if (engineId) await engine.stop(engineId, graceSeconds);
      });
    } catch (error) {
      if (!isSandboxError(error, 'not_found')) throw error;
      forgetContainer(sandbox);
    }
    // One that could not be stopped is paused as before.
    if (sandbox.record && life.staysSuspended && pausedAtMs !== null) sandbox.record.haltedAtMs = clock.wallMs();
    sandbox.endPause();
    this.#noteStop(sandbox, reason);
    this.#markDown(sandbox);
    if (sandbox.isFromPool) await replaceContainer(this.#parts, this.#instances, sandbox).catch(this.#parts.onError);
    await this.#parts.attachments.closeAll(sandbox.id);
    if (sandbox.record) await store.write(sandbox.record);
  }

  /** Removes the container and marks the record as deleted; the files stay. */
  async remove(sandbox: Sandbox): Promise<void> {
    await leave(this.#parts, sandbox, async (engine) => {
      const id = sandbox.engineId ?? (await engine.inspect(toEngineName(this.#parts.instance, sandbox.id)))?.id;
      if (id) await engine.remove(id);
    });
    await this.#parts.attachments.closeAll(sandbox.id);
    await this.#markDeleted(sandbox);
  }

  /** Removes the sandbox with its files, its record and what was answered about it, for good. */
  async purge(sandbox: Sandbox): Promise<void> {
    await this.remove(sandbox);
    await this.#parts.store.purge(sandbox.id);
    await this.#parts.attachments.removeAll(sandbox.id);
    await this.#parts.answers.forgetSandbox(sandbox.id);
    sandbox.record = null;
  }

  /** Removes the container of a stopped sandbox; the next start makes another. */
  async discardContainer(sandbox: Sandbox): Promise<void> {
    if (sandbox.isUp || !sandbox.engineId) return;
    await this.#parts.engine.remove(sandbox.engineId);
    forgetContainer(sandbox);
  }

  /** Takes over what the engine says about a sandbox that it has. */
  adopt(sandbox: Sandbox, found: EngineSandbox): void {
    sandbox.engineId = found.id;
    sandbox.isFromPool = LABEL.pooled in found.labels;
    if (found.state === 'running' || found.state === 'paused') {
      this.#parts.capacity.take(sandbox);
      this.#makeLink(sandbox, found.id, true);
      sandbox.become(found.state);
      if (found.state === 'running') void sandbox.link?.endOrphans();
    } else {
      this.#markDown(sandbox);
    }
  }

  /** After a failed call to a sandbox that should run: believes the engine, and stops one whose agent is beyond repair. */
  async recover(sandbox: Sandbox, cause: unknown): Promise<void> {
    const { engine, instance } = this.#parts;
    const found = await engine.inspect(toEngineName(instance, sandbox.id));
    const reason = messageOf(cause);
    this.#parts.events.emit({ type: 'heal', sandboxId: sandbox.id, reason });
    if (!found || (found.state !== 'running' && found.state !== 'paused')) this.#noteStop(sandbox, 'lost');
    if (!found) {
      this.#markDown(sandbox);
      forgetContainer(sandbox);
    } else if (found.state === 'running' && sandbox.state === 'running') {
      if (isSandboxError(cause, 'timeout')) throw cause;
      await engine.stop(found.id, 0);
      this.#noteStop(sandbox, 'agent');
      this.#markDown(sandbox);
    } else {
      this.adopt(sandbox, found);
    }
  }

  /** Rolls back a failed start: removes all of a sandbox that had no files before, the container of another new one, whose record was `before`; stops that of an existing one. */
  async undoStart(sandbox: Sandbox, { isNew, isFirst, before }: FailedStart): Promise<void> {
    if (isNew) sandbox.record = toUndoneRecord(sandbox.record, before);
    try {
      if (isFirst) await this.purge(sandbox);
      else if (isNew) await this.remove(sandbox);
      else {
        if (sandbox.engineId) await this.#parts.engine.stop(sandbox.engineId, 0);
        await this.#parts.attachments.closeAll(sandbox.id);
      }
    } catch {
      // The engine that failed the start may fail the clean-up too; the sweep finds what is left.
      if (isNew) await this.#markDeleted(sandbox).catch(this.#parts.onError);
    }
    this.#markDown(sandbox);
    if (!isNew && before?.haltedAtMs != null) await this.#haltAgain(sandbox, before);
  }

  /** One that could not be restarted is started by no use, as before. */
  async #haltAgain(sandbox: Sandbox, { haltedAtMs, startedAtMs, mainExitCode }: SandboxRecord): Promise<void> {
    if (!sandbox.record) return;
    sandbox.record = { ...sandbox.record, haltedAtMs, startedAtMs, mainExitCode };
    await this.#parts.store.write(sandbox.record).catch(this.#parts.onError);
  }

  #makeLink(sandbox: Sandbox, engineId: EngineId, isAdopted = false): void {
    const { record } = sandbox;
    if (!record) return;
    sandbox.link?.close(new Error('The sandbox was started again.'));
    const { id, secret, asked } = record;
    const subject = { id, secret, spec: resolveSpec(this.#parts.config, asked), isAdopted };
    const { link, egress } = makeLink(this.#parts, engineId, subject);
    stopWhereStuck(sandbox, link, (stuck) => this.stop(stuck, 'agent', 0), this.#parts.onError);
    sandbox.link = link;
    sandbox.egress = egress;
    this.#parts.secrets.arm(sandbox);
  }

  async #markDeleted(sandbox: Sandbox): Promise<void> {
    const { store, clock } = this.#parts;
    this.#markDown(sandbox);
    forgetContainer(sandbox);
    sandbox.become('absent');
    if (!sandbox.record) return;
    sandbox.record = toDeletedRecord(sandbox.record, clock.wallMs());
    await store.write(sandbox.record);
  }

  #noteStop({ record }: Sandbox, reason: StopReason): void {
    if (record) record.lastStop = { atMs: this.#parts.clock.wallMs(), reason };
  }

  #markDown(sandbox: Sandbox): void {
    sandbox.link?.close(new Error('The sandbox was stopped.'));
    sandbox.link = null;
    sandbox.egress = null;
    if (sandbox.state !== 'absent') sandbox.become('stopped');
    this.#parts.capacity.release(sandbox);
  }
}
