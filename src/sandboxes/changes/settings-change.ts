import { SandboxError } from '../../base/errors.ts';
import { DEFAULT_LIFE, type LifePolicy } from '../asked/life-policy.ts';
import type { Terms } from '../asked/terms.ts';
import type { MainProcess, SandboxRecord } from '../storage/record.ts';

/** Names and values, of which null takes one away. */
type Changed = Readonly<Record<string, string | null>>;

/** What is to change of a sandbox beside what it is made of: undefined stays, null is the server's default. */
export interface SettingsChange {
  readonly env?: Changed | null | undefined;
  readonly labels?: Changed | null | undefined;
  /** What its maker calls it. */
  readonly name?: string | undefined;
  /** What it runs from its next start on; null is nothing. */
  readonly main?: MainProcess | null | undefined;
  /** What its dialect keeps of it, in place of what that has kept. */
  readonly notes?: Readonly<Record<string, unknown>> | undefined;
  /** Seconds from its start until it is stopped; 0 for never. */
  readonly endUpSeconds?: number | undefined;
  /** On the wall clock. */
  readonly expiresAtMs?: number | null | undefined;
  /** Seconds without use until it is stopped; 0 for never. */
  readonly idleTimeoutSeconds?: number | null | undefined;
  /** Seconds without use until it is frozen; 0 for never. */
  readonly pauseAfterSeconds?: number | null | undefined;
  /** Seconds without use until it is ended, with its files unless its life says otherwise. */
  readonly endAfterSeconds?: number | undefined;
  /** How it ends; its life stays as it is otherwise. */
  readonly end?: LifePolicy['end'] | undefined;
  /** Where its programs start and its relative paths begin; null is the workspace. */
  readonly cwd?: string | null | undefined;
  readonly terms?: Terms | undefined;
}

/** What of a record is changed so. */
export type Settings = Pick<SandboxRecord, 'env' | 'labels' | 'life' | 'name' | 'main' | 'notes' | 'cwd' | 'terms'>;

/** Of a sandbox that nobody has changed. */
export const NO_SETTINGS: Settings = {
  ...{ env: {}, labels: {}, life: DEFAULT_LIFE, cwd: null, terms: null },
  ...{ name: null, main: null, notes: {} },
};

const MAX_LABELS = 64;

/** Of all names and values of an environment together. */
const MAX_ENV_BYTES = 131_072;

const MIN_IDLE_SECONDS = 10;

const MAX_LIFE_MS = 366 * 24 * 3_600_000;

/** The settings after a change; throws `invalid` with the field, or `conflict` for more labels than there may be. */
export function toChanged(
  settings: Settings,
  change: SettingsChange,
  { idleMaxSeconds, nowMs }: { readonly idleMaxSeconds: number; readonly nowMs: number },
): Settings {
  requireIdleTime('idle_timeout', change.idleTimeoutSeconds, idleMaxSeconds);
  requireIdleTime('pause_after', change.pauseAfterSeconds, idleMaxSeconds);
  requireExpiry(change.expiresAtMs, nowMs);
  const env = merge(settings.env, change.env);
  const envBytes = Object.entries(env).reduce((sum, pair) => sum + Buffer.byteLength(pair.join('=')) + 1, 0);
  if (envBytes > MAX_ENV_BYTES) throw invalid('env', 'must have 128 KiB or less, with what the sandbox has already');
  const labels = merge(settings.labels, change.labels);
  if (Object.keys(labels).length > MAX_LABELS) {
    const sentence = `A sandbox has ${MAX_LABELS} labels at the most; take some away, by the value null, before you add others.`;
    throw new SandboxError('conflict', sentence);
  }
  const cwd = change.cwd === undefined ? settings.cwd : change.cwd;
  const terms = change.terms ?? settings.terms;
  return { ...toNamed(settings, change), env, labels, life: toLife(settings.life, change), cwd, terms };
}

function toNamed(settings: Settings, { name, main, notes }: SettingsChange): Pick<Settings, 'name' | 'main' | 'notes'> {
  return {
    name: name ?? settings.name,
    main: main === undefined ? settings.main : main,
    notes: notes === undefined ? settings.notes : { ...notes },
  };
}

/** True where a change says nothing. */
export function isEmpty(change: SettingsChange): boolean {
  return Object.values(change).every((value) => value === undefined);
}

function merge(before: Readonly<Record<string, string>>, change: Changed | null | undefined): Record<string, string> {
  if (change === null) return {};
  const merged = new Map(Object.entries(before));
  for (const [name, value] of Object.entries(change ?? {})) {
    if (value === null) merged.delete(name);
    else merged.set(name, value);
  }
  return Object.fromEntries(merged);
}

function toLife(life: LifePolicy, change: SettingsChange): LifePolicy {
  const { end, expiresAtMs: atMs, idleTimeoutSeconds, pauseAfterSeconds } = change;
  const { endAfterSeconds: afterSeconds, endUpSeconds } = change;
  const by = life.end.when === 'unused' ? life.end.by : 'purge';
  return {
    ...life,
    ...(idleTimeoutSeconds === undefined ? {} : { stopAfter: toIdleTime(idleTimeoutSeconds) }),
    ...(pauseAfterSeconds === undefined ? {} : { pauseAfter: toIdleTime(pauseAfterSeconds) }),
    ...(endUpSeconds === undefined ? {} : { end: toEndUp(endUpSeconds) }),
    ...(atMs === undefined ? {} : { end: atMs === null ? DEFAULT_LIFE.end : { when: 'at', atMs, by: 'remove' } }),
    ...(afterSeconds === undefined ? {} : { end: { when: 'unused', afterSeconds, by } }),
    ...(end === undefined ? {} : { end }),
  };
}

function toEndUp(seconds: number): LifePolicy['end'] {
  return seconds === 0 ? DEFAULT_LIFE.end : { when: 'up', afterSeconds: seconds, by: 'stop' };
}

function toIdleTime(seconds: number | null): LifePolicy['stopAfter'] {
  if (seconds === null) return 'default';
  return seconds === 0 ? 'never' : seconds;
}

function requireIdleTime(field: string, seconds: number | null | undefined, most: number): void {
  if (seconds === undefined || seconds === null || seconds === 0) return;
  if (seconds >= MIN_IDLE_SECONDS && seconds <= most) return;
  throw invalid(field, `must be 0 for never, or ${MIN_IDLE_SECONDS} to ${most} seconds on this server`);
}

function requireExpiry(atMs: number | null | undefined, nowMs: number): void {
  if (atMs === undefined || atMs === null) return;
  if (atMs < nowMs) throw invalid('expires_at', 'must not be in the past');
  if (atMs > nowMs + MAX_LIFE_MS) throw invalid('expires_at', 'must be within 366 days');
}

function invalid(field: string, what: string): SandboxError {
  return new SandboxError('invalid', `${field} ${what}.`, { field });
}
