import type { EngineTraits } from '../../engines/engine.ts';
import { type AskedSpec, askedSpecSchema } from '../asked/asked-spec.ts';
import type { SandboxSpec } from './sandbox-spec.ts';

/** What is to change of what was asked for: undefined stays, null follows the configuration again. */
export type AskedChange = { readonly [Key in keyof AskedSpec]?: AskedSpec[Key] | null | undefined };

/** What is asked for after a change. */
export function toAsked(asked: AskedSpec, change: AskedChange): AskedSpec {
  const merged = { ...asked, ...withoutUndefined(change) };
  return askedSpecSchema.parse(Object.fromEntries(Object.entries(merged).filter(([, value]) => value !== null)));
}

/** What of a change is asked for, and not taken back. */
export function toGiven(change: AskedChange): AskedSpec {
  return toAsked({}, change);
}

/** The fields for which a running sandbox must be made anew to get another spec; none where the engine can change all of it at once. */
export function fieldsMadeAnew(
  { canUpdateLimits }: Pick<EngineTraits, 'canUpdateLimits'>,
  before: SandboxSpec,
  after: SandboxSpec,
): readonly string[] {
  const isFixed = !canUpdateLimits(after.runtime);
  const isLess = after.memoryBytes < before.memoryBytes;
  return [
    ...(after.image === before.image ? [] : ['image']),
    ...(isLess || (isFixed && after.memoryBytes !== before.memoryBytes) ? ['memory_limit'] : []),
    ...(isFixed && after.cpus !== before.cpus ? ['cpu_limit'] : []),
    ...(isSame(after.volumes, before.volumes) ? [] : ['volumes']),
    ...(after.network === before.network ? [] : ['network']),
  ];
}

function isSame(one: SandboxSpec['volumes'], other: SandboxSpec['volumes']): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function withoutUndefined(change: AskedChange): AskedChange {
  return Object.fromEntries(Object.entries(change).filter(([, value]) => value !== undefined));
}
