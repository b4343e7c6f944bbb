import type { Principal } from '../auth/principal.ts';
import { isSandboxError, SandboxError } from '../base/errors.ts';
import type { Config } from '../config/config.ts';
import type { Engine } from '../engines/engine.ts';
import type { AskedSpec } from './asked/asked-spec.ts';
import type { Lifecycle } from './lifecycle/lifecycle.ts';
import type { Provisioner } from './lifecycle/provisioner.ts';
import type { Sandbox } from './registry/sandbox.ts';
import { type AskedChange, fieldsMadeAnew, toAsked, toGiven } from './spec/asked-change.ts';
import { narrowingOf } from './spec/narrowing.ts';
import { requireGrantable, resolveSpec, type SandboxSpec, specHash } from './spec/sandbox-spec.ts';
import type { SandboxStore } from './storage/store.ts';

interface SpecSettingsParts {
  readonly engine: Engine;
  readonly config: Config;
  readonly store: SandboxStore;
  readonly lifecycle: Lifecycle;
  readonly provisioner: Provisioner;
}

/** Changes what a sandbox is made of, at once where the engine can. Whoever calls it holds that sandbox's mutex. */
export class SpecSettings {
  readonly #parts: SpecSettingsParts;

  constructor(parts: SpecSettingsParts) {
    this.#parts = parts;
  }

  /** Throws `invalid` where the server does not give what a change asks for. */
  requireGrantable(sandbox: Sandbox, change: AskedChange): void {
    const given = toGiven(change);
    const { network } = toAsked(sandbox.asked, change);
    requireGrantable(given.egressAllow && network ? { ...given, network } : given, this.#parts.config);
  }

  /**
   * True where the sandbox was made anew for the change, with its files: what ran in it has ended. Throws `conflict` where that would
   * have to be and may not.
   */
  async change(sandbox: Sandbox, principal: Principal, change: AskedChange, mayRestart: boolean): Promise<boolean> {
    const { engine, config, provisioner } = this.#parts;
    const wanted = toAsked(sandbox.asked, change);
    const [before, after] = [resolveSpec(config, sandbox.asked), resolveSpec(config, wanted)];
    if (specHash(before) !== specHash(after)) {
      const anew = fieldsMadeAnew(engine.traits, before, after);
      if (sandbox.isUp && anew.length > 0) {
        requireRestart(anew, mayRestart);
        await provisioner.changeSpec(sandbox, principal, wanted, { breaksStreams: true });
        return true;
      }
      if (sandbox.isUp) await this.#changeRunning(sandbox, before, after);
      // What runs it next is made then.
      else if (after.image !== before.image) await provisioner.smokeTest(sandbox.id, wanted);
    }
    await this.#keep(sandbox, wanted);
    return false;
  }

  async #changeRunning(sandbox: Sandbox, before: SandboxSpec, after: SandboxSpec): Promise<void> {
    const { engine, lifecycle } = this.#parts;
    const { memoryBytes, cpus } = after;
    try {
      const isOther = memoryBytes !== before.memoryBytes || cpus !== before.cpus;
      if (sandbox.engineId && isOther) await engine.update(sandbox.engineId, { memoryBytes, cpus });
    } catch (error) {
      if (!isSandboxError(error, 'not_found')) throw error;
      await lifecycle.recover(sandbox, error);
    }
    sandbox.egress?.narrow(narrowingOf(after));
  }

  async #keep(sandbox: Sandbox, asked: AskedSpec): Promise<void> {
    if (!sandbox.record) return;
    sandbox.record = { ...sandbox.record, asked };
    await this.#parts.store.write(sandbox.record);
  }
}

function requireRestart(fields: readonly string[], mayRestart: boolean): void {
  if (mayRestart) return;
  const sentence = `What is asked for (${fields.join(', ')}) needs a restart, which ends what runs in the sandbox and keeps its files; ask with "allow_restart": true.`;
  throw new SandboxError('conflict', sentence);
}
