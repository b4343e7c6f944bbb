import type { Principal } from '../auth/principal.ts';
import { newAddress } from '../base/sandbox-address.ts';
import type { AskedSpec } from './asked/asked-spec.ts';
import type { LifePolicy } from './asked/life-policy.ts';
import type { SandboxRef } from './asked/ref.ts';
import type { SettingsChange } from './changes/settings-change.ts';
import type { Sandboxes } from './sandboxes.ts';
import type { SandboxStatus } from './status/status.ts';

/** What a sandbox is to be that gets an id of ours. */
export interface Wanted {
  readonly asked: AskedSpec;
  readonly life: LifePolicy;
  readonly settings: SettingsChange;
  /** Where ids have a form of their own; any that nobody guesses where absent. */
  readonly id?: string;
  /** What else to ask for, once its address is known. */
  readonly askMore?: (ref: SandboxRef) => Promise<AskedSpec>;
  /** What is to be done in it before anybody has it. */
  readonly prepare?: (ref: SandboxRef) => Promise<unknown>;
}

/** Makes a sandbox that belongs to the principal, at an address of its own; where that fails nothing is left of it. */
export async function makeSandbox(
  sandboxes: Sandboxes,
  namespace: string,
  principal: Principal,
  { asked, life, settings, id, askMore, prepare }: Wanted,
): Promise<SandboxStatus> {
  const ref = { address: id === undefined ? newAddress(namespace) : { namespace, id }, principal };
  try {
    const status = await sandboxes.create(ref, { ...asked, ...(await askMore?.(ref)) }, life, settings);
    await prepare?.(ref);
    return status;
  } catch (error) {
    // What hinders the clean-up has hindered the work; the life of what is left ends it.
    await sandboxes.purge(ref).catch(() => undefined);
    throw error;
  }
}
