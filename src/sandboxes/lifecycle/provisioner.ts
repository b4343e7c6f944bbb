import type { AgentConnection } from '../../agent/wire/connection.ts';
import { isSandboxError, SandboxError } from '../../errors.ts';
import type { Owner, SandboxId } from '../address.ts';
import { Quota } from '../placement/quota.ts';
import { smokeTest } from '../preflight/smoke-test.ts';
import type { Sandbox } from '../sandbox.ts';
import { limitsOf } from '../spec/limits.ts';
import { requireImageStillPermitted } from '../spec/permitted-images.ts';
import type { SandboxOverrides } from '../storage/record.ts';
import type { Lifecycle, LifecycleParts } from './lifecycle.ts';

/** Brings sandboxes up for those who ask: no more than they may have, and with no spec that cannot run. Within the sandbox's mutex. */
export class Provisioner {
  readonly #parts: LifecycleParts;
  readonly #lifecycle: Lifecycle;
  readonly #quota = new Quota();

  constructor(parts: LifecycleParts, lifecycle: Lifecycle) {
    this.#parts = parts;
    this.#lifecycle = lifecycle;
  }

  /** Counts the sandboxes that earlier servers left, if a key may have only so many. */
  async countByCreator(): Promise<void> {
    const { config, store } = this.#parts;
    if (config.apiKeys.every((key) => key.maxSandboxes === null)) return;
    for await (const { id, createdBy, deletedAtMs } of store.records()) {
      if (createdBy !== null && deletedAtMs === null) this.#quota.add(createdBy, id as SandboxId);
    }
  }

  /** Brings a sandbox up; one that does not exist is made by who asks, if that is not one too many. */
  async bringUp(sandbox: Sandbox, owner: Owner, overrides: SandboxOverrides = {}): Promise<AgentConnection> {
    if (sandbox.isExisting) return await this.#lifecycle.bringUp(sandbox, overrides);
    const { creator } = owner;
    if (creator) this.#quota.take(creator, sandbox.id);
    sandbox.creator = creator;
    try {
      return await this.#lifecycle.bringUp(sandbox, overrides);
    } catch (error) {
      // A fault of the image looks like a passing one of the engine.
      if (overrides.image && isSandboxError(error, 'unavailable')) await this.#smokeTest(sandbox.id, overrides);
      throw error;
    } finally {
      if (creator && !sandbox.isExisting) this.#quota.drop(creator.name, sandbox.id);
    }
  }

  /** A sandbox that was removed counts no longer. */
  forget({ id, record }: Sandbox): void {
    if (record?.createdBy) this.#quota.drop(record.createdBy, id);
  }

  /** Starts it with another spec; what cannot run is refused while the sandbox is as it was, and its record stays whatever fails. */
  async changeSpec(sandbox: Sandbox, owner: Owner, overrides: SandboxOverrides): Promise<void> {
    if (sandbox.calls > 0) {
      throw new SandboxError('conflict', 'The sandbox is busy; its image and limits can change when it is idle.');
    }
    const before = sandbox.record?.overrides ?? {};
    const wanted = { ...before, ...overrides };
    requireImageStillPermitted(wanted.image, this.#parts.config);
    await this.#smokeTest(sandbox.id, wanted);
    await this.#lifecycle.stop(sandbox);
    try {
      await this.bringUp(sandbox, owner, overrides);
    } catch (error) {
      if (sandbox.record) {
        sandbox.record = { ...sandbox.record, overrides: before };
        await this.#parts.store.write(sandbox.record).catch(this.#parts.onError);
      }
      throw error;
    }
  }

  async #smokeTest(id: SandboxId, overrides: SandboxOverrides): Promise<void> {
    const { config, users } = this.#parts;
    const name = `trial-${id}`;
    const image = overrides.image ?? config.image;
    await users.lend(name, (user) => smokeTest(this.#parts, { name, image, user, ...limitsOf(config, overrides) }));
  }
}
