import type { AgentConnection } from '../../agent/wire/connection.ts';
import type { Clock } from '../../async/clock.ts';
import type { Semaphore } from '../../async/semaphore.ts';
import { countsFor, type ToldLimits } from '../../auth/client-limits.ts';
import { keyNameOf, type Principal } from '../../auth/principal.ts';
import { isSandboxError, messageOf, SandboxError } from '../../base/errors.ts';
import type { SandboxId } from '../../base/sandbox-address.ts';
import type { Config } from '../../config/config.ts';
import type { Disks } from '../../disks/disks.ts';
import type { Engine } from '../../engines/engine.ts';
import type { CoreEvents } from '../../observability/core-events.ts';
import type { AskedSpec } from '../asked/asked-spec.ts';
import { SNAPSHOT_NAMESPACE } from '../asked/ref.ts';
import type { KeyDisk } from '../metering/key-disk.ts';
import { claimPooled } from '../placement/claim.ts';
import type { Pool } from '../placement/pool.ts';
import { Quota, quotaError } from '../placement/quota.ts';
import { smokeTest } from '../preflight/smoke-test.ts';
import type { Catalog } from '../registry/catalog.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import { requireImageStillPermitted } from '../spec/permitted-images.ts';
import { resolveSpec } from '../spec/sandbox-spec.ts';
import type { MakeRequest, SandboxRecord } from '../storage/record.ts';
import type { SandboxStore } from '../storage/store.ts';
import type { SandboxUsers } from '../users/sandbox-users.ts';
import type { Evictor } from './evictor.ts';
import type { Lifecycle } from './lifecycle.ts';

interface ProvisionerParts {
  readonly engine: Engine;
  readonly store: SandboxStore;
  readonly catalog: Catalog;
  readonly users: SandboxUsers;
  readonly disks: Disks;
  readonly keyDisk: KeyDisk;
  readonly config: Config;
  readonly toldLimits: ToldLimits;
  readonly clock: Clock;
  readonly instance: string;
  readonly pool: Pool;
  readonly lifecycle: Lifecycle;
  readonly evictor: Evictor;
  /** Bounds the starts at a time: all at once they take turns on the CPUs, so that agents miss their deadlines. */
  readonly starts: Semaphore;
  readonly events: CoreEvents;
  readonly onError: (error: unknown) => void;
}

/** Brings sandboxes up for those who ask, within quota, cap and what the server grants. Called within the sandbox's mutex. */
export class Provisioner {
  readonly #parts: ProvisionerParts;
  readonly #quota = new Quota();
  /** The names of sandboxes of smoke tests that are under way. */
  readonly #inSmokeTest = new Set<string>();

  constructor(parts: ProvisionerParts) {
    this.#parts = parts;
  }

  /** Counts the sandboxes that earlier servers left, if any key has a quota. */
  async countByPrincipal(): Promise<void> {
    const { config, catalog } = this.#parts;
    if (config.apiKeys.every((key) => key.maxSandboxes === null && key.isGateway !== true)) return;
    for (const { id, address, createdBy, isBlank } of await catalog.all()) {
      if (createdBy !== null && !isBlank && address.namespace !== SNAPSHOT_NAMESPACE) this.#quota.add(createdBy, id);
    }
  }

  /**
   * Brings a sandbox to where its agent answers; the principal makes one that does not exist, if its quota allows another. What such a
   * one begins with is there after `seed`.
   */
  async bringUp(
    sandbox: Sandbox,
    principal: Principal,
    asked: Pick<MakeRequest, 'asked' | 'life'>,
    seed: (() => Promise<void>) | null = null,
  ): Promise<AgentConnection> {
    const request = { ...asked, createdBy: principal.name };
    if (sandbox.isExisting) return await this.#bringUp(sandbox, request);
    const before = this.#keeperOf(sandbox);
    const limits = [{ ...principal, name: keyNameOf(principal.name) }, ...this.#parts.toldLimits.of(principal.name)];
    const reached = this.#quota.take(principal.name, limits, sandbox.id);
    if (reached) throw quotaError(reached, await this.#keptIds(reached.name));
    try {
      await this.#parts.keyDisk.requireRoom(principal.name);
      await seed?.();
      return await this.#bringUp(sandbox, request);
    } catch (error) {
      // A fault of the image looks like a passing one of the engine.
      if (request.asked.image && isSandboxError(error, 'unavailable')) await this.smokeTest(sandbox.id, request.asked);
      throw error;
    } finally {
      const after = this.#keeperOf(sandbox);
      for (const name of [before, principal.name]) {
        if (name !== null && name !== after) this.#quota.drop(name, sandbox.id);
      }
    }
  }

  /** No longer counts a sandbox that was purged against its maker's quota. */
  forget({ id, createdBy }: SandboxRecord): void {
    if (createdBy !== null) this.#quota.drop(createdBy, id as SandboxId);
  }

  /** Against whose quota the files of a sandbox count. */
  #keeperOf({ record }: Sandbox): string | null {
    return record && !record.isBlank ? record.createdBy : null;
  }

  async #keptIds(name: string): Promise<readonly string[]> {
    const kept = [];
    for (const { address, createdBy, deletedAtMs, isBlank } of await this.#parts.catalog.all()) {
      if (createdBy !== null && countsFor(createdBy, name) && deletedAtMs !== null && !isBlank) kept.push(address.id);
    }
    return kept.sort();
  }

  /** Restarts with another spec. Tests that first; on failure the old sandbox and record are kept. */
  async changeSpec(
    sandbox: Sandbox,
    principal: Principal,
    wanted: AskedSpec,
    { breaksStreams }: { readonly breaksStreams: boolean },
  ): Promise<void> {
    if (breaksStreams ? sandbox.leases.hasForeground : sandbox.leases.count > 0) {
      throw new SandboxError('conflict', 'The sandbox is busy; its image and limits can change when it is idle.');
    }
    const { config, lifecycle, store, onError } = this.#parts;
    const before = sandbox.asked;
    requireImageStillPermitted(wanted, config);
    await this.smokeTest(sandbox.id, wanted);
    await lifecycle.stop(sandbox, 'settings');
    try {
      if (sandbox.record) sandbox.record = { ...sandbox.record, asked: wanted };
      await this.bringUp(sandbox, principal, { asked: {}, life: sandbox.life });
    } catch (error) {
      if (sandbox.record) {
        sandbox.record = { ...sandbox.record, asked: before };
        await store.write(sandbox.record).catch(onError);
      }
      throw error;
    }
  }

  async #bringUp(sandbox: Sandbox, request: MakeRequest): Promise<AgentConnection> {
    return (await this.reach(sandbox)) ?? (await this.#start(sandbox, request));
  }

  /** Brings a sandbox that is up, frozen ones too, to where its agent answers; null where it is stopped, or turns out to be: none is started. */
  async reach(sandbox: Sandbox): Promise<AgentConnection | null> {
    const { lifecycle } = this.#parts;
    if (sandbox.state === 'paused') {
      const startedAtMs = performance.now();
      await lifecycle.resume(sandbox);
      if (sandbox.isUp) this.#tellUp(sandbox, 'resume', startedAtMs);
    }
    if (sandbox.state !== 'running') return null;
    try {
      return await lifecycle.connect(sandbox);
    } catch (error) {
      if (isSandboxError(error, 'invalid')) throw error;
      await lifecycle.recover(sandbox, error);
      return sandbox.isUp ? await this.reach(sandbox) : null;
    }
  }

  async #start(sandbox: Sandbox, request: MakeRequest): Promise<AgentConnection> {
    const { engine, config, disks, pool, lifecycle, evictor, starts } = this.#parts;
    const isNew = !sandbox.isExisting;
    const before = sandbox.record;
    requireImageStillPermitted(request.asked.image || isNew ? request.asked : sandbox.asked, config);
    if (isNew) await disks.reserve.requireForNew();
    const startedAtMs = performance.now();
    if (await claimPooled(this.#parts, pool, sandbox, request)) {
      this.#tellUp(sandbox, 'claim', startedAtMs);
      return await lifecycle.connect(sandbox);
    }
    // What waits for an image keeps no other from being started; why one cannot be loaded, the start says.
    if (isNew) await engine.loadImage(resolveSpec(config, request.asked).image).catch(() => undefined);
    const isFirst = isNew && (before?.isBlank ?? !(await disks.hasFiles(sandbox.id)));
    await evictor.reserve(sandbox);
    try {
      return await starts.run(async () => {
        await lifecycle.start(sandbox, request);
        const connection = await lifecycle.connect(sandbox);
        this.#tellUp(sandbox, 'start', startedAtMs);
        return connection;
      });
    } catch (error) {
      const reason = messageOf(error);
      this.#parts.events.emit({ type: 'start_failed', sandboxId: sandbox.id, reason });
      await lifecycle.undoStart(sandbox, { isNew, isFirst, before });
      throw error;
    }
  }

  #tellUp({ id }: Sandbox, how: 'claim' | 'resume' | 'start', startedAtMs: number): void {
    const tookMs = Math.round(performance.now() - startedAtMs);
    this.#parts.events.emit({ type: 'up', sandboxId: id, how, tookMs });
  }

  /** Starts a throw-away sandbox of that spec and runs Python in it; throws `invalid` where that cannot be. */
  async smokeTest(id: SandboxId, asked: AskedSpec): Promise<void> {
    const { config, users } = this.#parts;
    const name = `smoke-test-${id}`;
    const { image, memoryBytes, cpus } = resolveSpec(config, asked);
    this.#inSmokeTest.add(name);
    try {
      await users.lend(name, (user) => smokeTest(this.#parts, { name, image, user, memoryBytes, cpus }));
    } finally {
      this.#inSmokeTest.delete(name);
    }
  }

  /** True for the name of a throw-away sandbox that a smoke test removes by itself. */
  isInSmokeTest(name: string): boolean {
    return this.#inSmokeTest.has(name);
  }
}
