import { type EgressPattern, parsePattern } from '../../egress/pattern.ts';
import type { SandboxSpec } from './sandbox-spec.ts';

/** What is left to a sandbox of what the configuration allows; undefined for all of that. */
export function narrowingOf({ egressAllow }: SandboxSpec): readonly EgressPattern[] | undefined {
  return egressAllow?.map(parsePattern).filter((pattern) => pattern !== undefined);
}
