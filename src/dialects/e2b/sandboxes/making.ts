import type { z } from 'zod';
import type { Principal } from '../../../auth/principal.ts';
import { SandboxError } from '../../../base/errors.ts';
import { randomName } from '../../../base/random-name.ts';
import type { AskedSpec } from '../../../sandboxes/asked/asked-spec.ts';
import type { Terms } from '../../../sandboxes/asked/terms.ts';
import type { Snapshot } from '../../../sandboxes/snapshots.ts';
import { lifeToBegin, type OnTimeout } from '../life.ts';
import { toEgress, toNetworkTerms } from '../network.ts';
import { toShownSnapshot } from '../snapshot-names.ts';
import { newToken } from '../tokens.ts';
import type { createBody } from './schemas.ts';

const ID_CHARACTERS = 24;

/** What is lacking here and would make a sandbox another than was asked for; a client that fails to start the gateway says so in the same words. */
const REFUSED = [
  ['iam', 'is not supported by this server'],
  ['mcp', 'Failed to start MCP gateway: this server has none'],
  ['volumeMounts', 'is not supported by this server'],
] as const;

type CreateBody = z.output<typeof createBody>;

interface Defaults {
  /** Where nothing is said. */
  readonly timeoutSeconds: number;
  /** True where only its token opens a sandbox, whatever is asked for. */
  readonly isAlwaysSecure: boolean;
  readonly maxTimeoutSeconds: number;
  readonly nowMs: number;
}

/** An id that nobody guesses, as clients put it into the name of a host. */
export function newId(): string {
  return `i${randomName(ID_CHARACTERS)}`;
}

/** Throws `invalid` for what this server lacks, whatever it would be asked of. */
export function refuseLacking(body: CreateBody): void {
  for (const [name, sentence] of REFUSED) if (isAsked(body[name])) throw invalid(name, sentence);
}

/** What a create asks for beside its template, as the core has it; throws `invalid` for what cannot be. */
export function toWanted(body: CreateBody, template: Terms['template'], defaults: Defaults) {
  const timeoutSeconds = requireTimeout(body.timeout ?? defaults.timeoutSeconds, defaults.maxTimeoutSeconds);
  const isSecure = defaults.isAlwaysSecure || body.secure === true;
  const isTrafficPublic = body.network?.allowPublicTraffic ?? true;
  if (!isTrafficPublic && !isSecure) {
    throw invalid('network', 'allowPublicTraffic: false needs a sandbox with secure: true');
  }
  const network = toNetworkTerms(body.network ?? {}, body.allow_internet_access ?? true);
  const terms: Terms = {
    token: isSecure ? newToken() : null,
    trafficToken: isTrafficPublic ? null : newToken(),
    template,
    timeoutSeconds,
    isResumedByTraffic: body.autoResume?.enabled ?? false,
    network,
    snapshot: null,
  };
  const egress: AskedSpec = toEgress(network);
  return {
    egress,
    life: lifeToBegin(defaults.nowMs, toOnTimeout(body)),
    settings: { env: body.envVars ?? {}, labels: body.metadata ?? {}, terms },
  };
}

/** Throws `invalid` for a time that is longer than a sandbox may live. */
export function requireTimeout(seconds: number, mostSeconds: number): number {
  if (seconds <= mostSeconds) return seconds;
  throw new SandboxError('invalid', `Timeout cannot be greater than ${Math.floor(mostSeconds / 3600)} hours`);
}

function toOnTimeout({ autoPause, autoPauseMemory, autoResume }: CreateBody): OnTimeout {
  const keepsMemory = autoPauseMemory ?? true;
  if (!keepsMemory && autoPause !== true) throw invalid('autoPauseMemory', 'false needs autoPause');
  if (!keepsMemory && autoResume?.enabled === true) throw invalid('autoPauseMemory', 'false goes not with autoResume');
  if (autoPause !== true) return 'purge';
  return keepsMemory ? 'freeze' : 'halt';
}

function isAsked(value: unknown): boolean {
  return value !== undefined && value !== null && !(Array.isArray(value) && value.length === 0);
}

function invalid(field: string, what: string): SandboxError {
  return new SandboxError('invalid', `${field} ${what}.`, { field });
}

/** The same body for a sandbox that begins with a snapshot: what it does not say is as it was there. */
export function withSnapshot(
  body: CreateBody,
  { labels, terms }: Snapshot,
  env: Readonly<Record<string, string>>,
): CreateBody {
  return {
    ...body,
    metadata: body.metadata ?? { ...labels },
    envVars: { ...env, ...body.envVars },
    secure: body.secure === true || terms.token !== null,
  };
}

/** What a sandbox is told to be made from that begins with a snapshot. */
export function toSnapshotTemplate(principal: Principal, snapshot: Snapshot): Terms['template'] {
  return { id: toShownSnapshot(principal, snapshot).snapshotID, name: null };
}
