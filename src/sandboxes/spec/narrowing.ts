import { type EgressPattern, parsePattern } from '../../egress/pattern.ts';
import type { Narrowing } from '../../egress/policy.ts';
import type { SandboxSpec } from './sandbox-spec.ts';

/** What is left to a sandbox of what the configuration allows; undefined for all of that. */
export function narrowingOf({ egressAllow, egressDeny }: SandboxSpec): Narrowing | undefined {
  if (egressAllow === null && egressDeny === null) return undefined;
  return { allow: toPatterns(egressAllow ?? []), deny: egressDeny && toPatterns(egressDeny) };
}

function toPatterns(texts: readonly string[]): readonly EgressPattern[] {
  return texts.map(parsePattern).filter((pattern) => pattern !== undefined);
}
