import { SandboxError } from '../base/errors.ts';
import { type SandboxId, toSandboxId } from '../base/sandbox-address.ts';
import type { Config } from '../config/config.ts';
import type { Engine } from '../engines/engine.ts';
import { DEFAULT_LIFE } from './asked/life-policy.ts';
import type { SandboxRef } from './asked/ref.ts';
import { type Changes, requireExisting } from './changes/changes.ts';
import type { SettingsChange } from './changes/settings-change.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import type { Provisioner } from './lifecycle/provisioner.ts';
import type { Suspension } from './lifecycle/suspension.ts';
import type { UsageMeter } from './metering/usage-meter.ts';
import type { Sandbox } from './registry/sandbox.ts';
import type { AskedChange } from './spec/asked-change.ts';
import { SpecSettings } from './spec-settings.ts';
import type { SandboxStatus } from './status/status.ts';
import { newPreviewId, type SandboxRecord } from './storage/record.ts';
import type { SandboxStore } from './storage/store.ts';

/** What changes of settings work with. */
export interface SettingsParts {
  readonly engine: Engine;
  readonly config: Config;
  readonly changes: Changes;
  readonly store: SandboxStore;
  readonly lifecycle: Lifecycle;
  readonly provisioner: Provisioner;
  readonly suspension: Suspension;
  readonly usageMeter: UsageMeter;
}

/** What is to change of a sandbox. */
export interface Update {
  readonly settings: SettingsChange;
  readonly spec: AskedChange;
  /** True if it may be made anew for that, with its files. */
  readonly mayRestart: boolean;
}

/** What a sandbox has at the moment at which it is changed, for a change that builds on that. */
export type Present = Pick<SandboxRecord, 'asked' | 'env' | 'notes'>;

interface Updated {
  readonly status: SandboxStatus;
  readonly isRestarted: boolean;
}

/** What a user changes of a sandbox that exists. Each method throws `not_found` where there is none, or another principal's. */
export class Settings {
  readonly #parts: SettingsParts;
  readonly #specs: SpecSettings;
  /** Of sandboxes whose signed URLs hold something open. */
  readonly #revoked = new Map<SandboxId, AbortController>();

  constructor(parts: SettingsParts) {
    this.#parts = parts;
    this.#specs = new SpecSettings(parts);
  }

  /**
   * Changes it at once, without starting or using it; where it must be made anew for that, only if it may, else throws `conflict`.
   * Nothing is changed where one of the wishes is refused. What builds on what the sandbox has is a function of that, so that of two
   * changes at once neither takes the other back.
   */
  async update(ref: SandboxRef, wish: Update | ((present: Present) => Update)): Promise<Updated> {
    const { changes, usageMeter } = this.#parts;
    const sandbox = await changes.findExisting(ref);
    const isRestarted = await changes.exclusively(sandbox, async () => {
      requireExisting(sandbox);
      const present = { asked: {}, env: {}, notes: {}, ...sandbox.record };
      const { settings, spec, mayRestart } = typeof wish === 'function' ? wish(present) : wish;
      const nowMs = changes.requirePossible(sandbox, settings);
      this.#specs.requireGrantable(sandbox, spec);
      const isAnew = await this.#specs.change(sandbox, ref.principal, spec, mayRestart);
      await changes.apply(sandbox, settings, nowMs);
      return isAnew;
    });
    return { status: await changes.describe(sandbox, usageMeter.last(sandbox)), isRestarted };
  }

  /** The number that URLs which are signed now carry. */
  async signatures(ref: SandboxRef): Promise<number> {
    const { record } = await this.#parts.changes.findExisting(ref);
    return record?.signatures ?? 0;
  }

  /** True for the number that the sandbox has now, also where it was deleted; false where it has no record. */
  async hasSignatures(ref: SandboxRef, signatures: number): Promise<boolean> {
    const { record } = await this.#parts.changes.find(ref);
    return record?.signatures === signatures;
  }

  /** Raised when the number of the sandbox is another one, be that at once. */
  async whenRevoked(ref: SandboxRef, signatures: number): Promise<AbortSignal> {
    const id = toSandboxId(ref.address);
    const controller = this.#revoked.get(id) ?? new AbortController();
    // Before the number is looked at, so that no revocation falls in between.
    this.#revoked.set(id, controller);
    return (await this.hasSignatures(ref, signatures)) ? controller.signal : AbortSignal.abort();
  }

  /** Ends all URLs that were signed before and renames its preview hosts, also of a deleted one with files; resolves when that is on disk. */
  async revokeSignatures(ref: SandboxRef): Promise<void> {
    const { changes, store } = this.#parts;
    const sandbox = await changes.find(ref);
    await changes.exclusively(sandbox, async () => {
      const { record } = sandbox;
      if (!record) throw new SandboxError('not_found', 'Sandbox not found');
      sandbox.record = { ...record, signatures: record.signatures + 1, previewId: newPreviewId(), portUrls: {} };
      await store.write(sandbox.record);
    });
    this.#revoked.get(sandbox.id)?.abort();
    this.#revoked.delete(sandbox.id);
  }

  /** Freezes it with its memory until it is resumed or used; throws `conflict` where somebody waits for what it does, or it is stopped. */
  async pause(ref: SandboxRef): Promise<SandboxStatus> {
    const { changes, usageMeter } = this.#parts;
    const sandbox = await changes.findExisting(ref);
    await changes.exclusively(sandbox, () => this.#pause(sandbox));
    return await changes.describe(sandbox, usageMeter.last(sandbox));
  }

  /** Ends what runs in it, and no use starts it until it is restarted; without grace its programs are not asked. */
  async halt(ref: SandboxRef, hasGrace: boolean): Promise<SandboxStatus> {
    const { changes, suspension, usageMeter } = this.#parts;
    const sandbox = await changes.findExisting(ref);
    await changes.exclusively(sandbox, async () => {
      requireExisting(sandbox);
      await suspension.halt(sandbox, hasGrace);
    });
    changes.noteUse(sandbox);
    return await changes.describe(sandbox, usageMeter.last(sandbox));
  }

  /** Makes it run: thaws it, or starts it where it is stopped. */
  async resume(ref: SandboxRef): Promise<SandboxStatus> {
    const { changes, provisioner, usageMeter } = this.#parts;
    const sandbox = await changes.findExisting(ref);
    await changes.exclusively(sandbox, async () => {
      requireExisting(sandbox);
      await provisioner.bringUp(sandbox, ref.principal, { asked: {}, life: DEFAULT_LIFE });
    });
    changes.noteUse(sandbox);
    return await changes.describe(sandbox, usageMeter.last(sandbox));
  }

  async #pause(sandbox: Sandbox): Promise<void> {
    requireExisting(sandbox);
    if (sandbox.isUp && sandbox.leases.hasForeground) {
      throw new SandboxError('conflict', 'A call is under way in the sandbox; pause it when that is done.');
    }
    await this.#parts.suspension.freeze(sandbox);
  }
}
