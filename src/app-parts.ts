import type { Dialect } from './dialects/dialect.ts';
import type { EgressDeadlines } from './egress/connections/deadlines.ts';
import type { Resolver } from './egress/connections/resolver.ts';
import type { ClosingLimits } from './http/connections/last-calls.ts';
import type { ConnectionLimits } from './http/limits/connection-limits.ts';
import type { ModeChoice } from './modes/choice.ts';
import type { CoreParts } from './sandboxes/core.ts';
import type { CollectYoung } from './young-garbage.ts';

/** What the server is composed of: what its core needs of outside, and what a test may set otherwise. */
export interface AppParts extends Omit<CoreParts, 'egress' | 'imagePrograms' | 'toldLimits' | 'onError'> {
  readonly version: string;
  /** Why the mode is what the configuration says; for operators. */
  readonly choice?: ModeChoice;
  /** The dialects that it speaks, of its own and beside them; all its own where absent. */
  readonly dialects?: (own: readonly Dialect[]) => readonly Dialect[];
  /** False without the OpenAPI documents and their pages; true where absent. */
  readonly hasDocuments?: boolean;
  /** Frees what streams leave behind; where absent, V8 does that in its own time. */
  readonly collectYoung?: CollectYoung;
  /** What clients may take of their connections, where it is not the usual. */
  readonly connectionLimits?: Partial<ConnectionLimits>;
  /** How a close treats the calls that are under way, where it is not the usual. */
  readonly closingLimits?: ClosingLimits;
  /** How long the steps of a sandbox's connection may take, where it is not the usual. */
  readonly egressDeadlines?: Partial<EgressDeadlines>;
  /** Resolves after so long, and rejects when the signal is raised; by the clock of the machine where absent. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
  /** Looks up the names that sandboxes connect to; this machine's name servers where absent. */
  readonly resolver?: Resolver;
  /** Certificates, in PEM, by which hosts that get secrets may prove themselves too. */
  readonly trustedRoots?: readonly string[];
}
