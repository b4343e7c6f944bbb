import { randomBytes, randomInt } from 'node:crypto';
import { z } from 'zod';
import { randomName } from '../../base/random-name.ts';
import type { SandboxAddress, SandboxId } from '../../base/sandbox-address.ts';
import { type AskedSpec, askedSpecSchema } from '../asked/asked-spec.ts';
import { DEFAULT_LIFE, type LifePolicy, lifePolicySchema } from '../asked/life-policy.ts';
import { termsSchema } from '../asked/terms.ts';
import { keptSecret } from './kept-secret.ts';
import { notedContext } from './noted-context.ts';

/** Revocations count up from a random number below this. */
const MOST_SIGNATURES = 2 ** 40;

const portSettings = z.object({
  visibility: z.enum(['private', 'public']),
  pathPrefix: z.string().nullable(),
  /** The label of a host of its own, below the domain of previews; none where absent. */
  subdomain: z.string().optional(),
});

/** What somebody has settled for a port: who may reach it, and what is put in front of the paths that are asked of it. */
export type PortSettings = z.infer<typeof portSettings>;

const PREVIEW_CHARACTERS = 20;

const mainProcess = z.object({
  argv: z.array(z.string()).min(1).readonly(),
  /** How often it is started again where it fails. */
  maxRetries: z.int().min(0),
});

/** What a sandbox runs from each start of it on; its end is the sandbox's. */
export type MainProcess = Readonly<z.infer<typeof mainProcess>>;

const shared = {
  id: z.string(),
  /** Proves the server to the sandbox's agent; 64 hex digits. */
  secret: z.string().regex(/^[0-9a-f]{64}$/),
  engineId: z.string().nullable(),
  /** Its user, inside and to the engine; null where it has none of its own yet. The folder's own note of it comes first. */
  uid: z.int().nullable().default(null),
  /** The name of the principal that made it; null where nobody knows. */
  createdBy: z.string().nullable().default(null),
  createdAtMs: z.number(),
  lastUsedAtMs: z.number(),
  executions: z.int().min(0),
  /** Set when the sandbox was deleted; its files stay. */
  deletedAtMs: z.number().nullable(),
  /** True where it was given up before anything ran in it: it has files of nobody. */
  isBlank: z.boolean().default(false),
  /** What its files take, as it was measured last; null where nobody has, and where its disk tells. */
  diskBytes: z.number().nullable().default(null),
  /** When somebody had it paused, on the wall clock; null while it is not, or is by itself. */
  pausedAtMs: z.number().nullable().default(null),
  /** When somebody had it stopped so that no use starts it, on the wall clock; null while it is not. */
  haltedAtMs: z.number().nullable().default(null),
  /** Where its programs start and its relative paths begin; null for the workspace. */
  cwd: z.string().nullable().default(null),
  /** What its maker calls it; null where nobody gave it a name. */
  name: z.string().nullable().default(null),
  /** When it was started last, on the wall clock; null where nobody knows. */
  startedAtMs: z.number().nullable().default(null),
  main: mainProcess.nullable().default(null),
  /** How the main process ended that ran last; null while it has not. */
  mainExitCode: z.int().nullable().default(null),
  /** What the dialect that made it keeps of it, in the form of that dialect. */
  notes: z.record(z.string(), z.unknown()).default({}),
  /** The number that its signed URLs carry; another one ends them all. It outlives a deletion. */
  signatures: z.int().min(0).default(0),
  /** What its users call it, by key. */
  labels: z.record(z.string(), z.string()).default({}),
  /** Of what starts in it, on top of what everything there has. */
  env: z.record(z.string(), z.string()).default({}),
  /** When it was stopped last, on the wall clock, and why: a word, and behind a colon what that ended. */
  lastStop: z.object({ atMs: z.number(), reason: z.string() }).nullable().default(null),
  /** Contexts that somebody made, and the default one once it was used, oldest first. */
  contexts: z.array(notedContext).default([]),
  /** Names its preview hosts; null in a record of before there were any. */
  previewId: z.string().nullable().default(null),
  /** By port. */
  ports: z.record(z.string(), portSettings).default({}),
  /** By port, until when the last URL that opens it is good, on the wall clock. */
  portUrls: z.record(z.string(), z.number()).default({}),
  /** Of clients who were told its id; null where it was made without any. */
  terms: termsSchema.nullable().default(null),
  /** By name, networks that it is connected to. */
  networks: z.array(z.string()).default([]),
  /** By the order in which they came. */
  secrets: z.array(keptSecret).default([]),
};

const address = z.object({ namespace: z.string(), id: z.string() });

/** What `sandbox.json` holds: all that must outlive the server and the engine's memory of a sandbox. */
const recordSchema = z.object({
  version: z.literal(2),
  address,
  asked: askedSpecSchema,
  life: lifePolicySchema,
  ...shared,
});

/** What is known of a sandbox that must outlive the server, in its newest version. */
export type SandboxRecord = z.infer<typeof recordSchema>;

const firstVersion = z.object({ version: z.literal(1), owner: address, overrides: askedSpecSchema, ...shared });
const anyVersion = z.discriminatedUnion('version', [recordSchema, firstVersion]);

/** Reads the text of a record of any version; throws where it is none. */
export function parseRecord(text: string): SandboxRecord {
  const record = anyVersion.parse(JSON.parse(text));
  if (record.version === 2) return record;
  const { owner, overrides, ...rest } = record;
  return { ...rest, version: 2, address: owner, asked: overrides, life: DEFAULT_LIFE };
}

/** The record as its file has it. */
export function toRecordText(record: SandboxRecord): string {
  return JSON.stringify(recordSchema.parse(record), null, 2);
}

/** A fresh secret between the server and one sandbox's agent. */
export function newSecret(): string {
  return randomBytes(32).toString('hex');
}

/** What is asked of a sandbox that comes up, and by whom if it is made. */
export interface MakeRequest {
  readonly asked: AskedSpec;
  readonly life: LifePolicy;
  /** The principal's name. */
  readonly createdBy: string | null;
}

/** A fresh name for the preview hosts of one sandbox, which says nothing of its user. */
export function newPreviewId(): string {
  return randomName(PREVIEW_CHARACTERS);
}

interface NamedSandbox {
  readonly id: SandboxId;
  readonly address: SandboxAddress;
}

/** The record of a sandbox that begins its life now. */
export function newRecord({ id, address }: NamedSandbox, request: MakeRequest, nowMs: number): SandboxRecord {
  return {
    version: 2,
    id,
    address,
    secret: newSecret(),
    asked: { ...request.asked },
    life: request.life,
    engineId: null,
    uid: null,
    createdBy: request.createdBy,
    createdAtMs: nowMs,
    lastUsedAtMs: nowMs,
    executions: 0,
    deletedAtMs: null,
    isBlank: false,
    diskBytes: null,
    pausedAtMs: null,
    haltedAtMs: null,
    cwd: null,
    // Not from 0 on: those of a sandbox that was purged must not open the next one.
    signatures: randomInt(MOST_SIGNATURES),
    name: null,
    startedAtMs: nowMs,
    main: null,
    mainExitCode: null,
    notes: {},
    labels: {},
    env: {},
    lastStop: null,
    contexts: [],
    previewId: newPreviewId(),
    ...{ ports: {}, portUrls: {}, terms: null, secrets: [], networks: [] },
  };
}

/** The record of a sandbox that is deleted now: what was said of it goes, what says whose files these are stays. */
export function toDeletedRecord(record: SandboxRecord, nowMs: number): SandboxRecord {
  const nothingMore = { ports: {}, portUrls: {}, secrets: [], networks: [] };
  const noPause = { pausedAtMs: null, haltedAtMs: null };
  const noNames = { name: null, main: null, notes: {}, labels: {}, env: {} };
  const settings = { ...noNames, ...nothingMore, ...noPause, cwd: null, contexts: [], life: DEFAULT_LIFE, terms: null };
  return { ...record, ...settings, engineId: null, deletedAtMs: nowMs };
}

/** The record after a start that was given up: what it was where there were files, else one without any. */
export function toUndoneRecord(record: SandboxRecord | null, before: SandboxRecord | null): SandboxRecord | null {
  return before ?? (record && { ...record, isBlank: true });
}

/** When a sandbox ceases to exist by itself, on the wall clock; null where it does not. */
export function expiryOf(record: Ending): number | null {
  const { end } = record.life;
  return end.when === 'at' && (end.by === 'remove' || end.by === 'purge') ? dueOf(record) : null;
}

/** When its life asks for something by the clock, as far as the record knows: one that lives from use to use may have been used since it was written. */
export function earliestDueOf(record: Ending & Pick<SandboxRecord, 'lastUsedAtMs'>): number | null {
  const { end } = record.life;
  if (end.when === 'unused') return record.lastUsedAtMs + end.afterSeconds * 1000;
  return end.when === 'at' && end.by !== 'stop' ? dueOf(record) : null;
}

/** True where a request has paused it, or stopped it until it is restarted. */
export function isSuspended({ pausedAtMs, haltedAtMs }: Pick<SandboxRecord, 'pausedAtMs' | 'haltedAtMs'>): boolean {
  return pausedAtMs !== null || haltedAtMs !== null;
}

type Ending = Pick<SandboxRecord, 'life' | 'pausedAtMs' | 'haltedAtMs'>;

function dueOf(record: Ending): number | null {
  const { end } = record.life;
  if (end.when !== 'at' || (end.isHeldBySuspension === true && isSuspended(record))) return null;
  return end.atMs;
}

/** The record of a sandbox that is to start: what it was, with what is asked for now; one that was deleted begins anew. */
export function toStartedRecord(
  sandbox: NamedSandbox & { readonly record: SandboxRecord | null },
  request: MakeRequest,
  nowMs: number,
): SandboxRecord {
  const { record } = sandbox;
  if (!record) return newRecord(sandbox, request, nowMs);
  if (record.deletedAtMs === null) {
    const started = { startedAtMs: nowMs, haltedAtMs: null, mainExitCode: null };
    return { ...record, ...started, asked: { ...record.asked, ...request.asked } };
  }
  const { secret, signatures, previewId } = record;
  const fresh = newRecord(sandbox, request, nowMs);
  return { ...fresh, secret, signatures, previewId: previewId ?? fresh.previewId };
}
