import { counted } from '../../base/counted.ts';
import { SandboxError } from '../../base/errors.ts';

/**
 * What a sandbox is used for. Busy: a program that a caller waits for, a file operation, a stream of events that is read, a folder that
 * is watched. Working: a terminal that somebody looks at, a connection of a preview that was opened with a key, and one of a visitor
 * without.
 */
export type LeaseKind = 'run' | 'file' | 'stream' | 'watch' | 'terminal' | 'preview' | 'visit';

/** What a sandbox works at although nobody waits for it: who looks at it, what runs, and what it has used within a minute. */
export type WorkReason = 'terminal' | 'preview' | 'context' | 'keep_awake' | 'cpu' | 'network';

/** Why a sandbox is kept awake. */
export type AwakeReason = 'call' | 'transfer' | 'stream' | WorkReason;

/** What one lease of a kind is called, and several. */
const NOUNS: Readonly<Record<LeaseKind, readonly [one: string, many: string]>> = {
  run: ['call', 'calls'],
  file: ['file operation', 'file operations'],
  stream: ['stream', 'streams'],
  watch: ['watcher of folders', 'watchers of folders'],
  terminal: ['viewer of terminals', 'viewers of terminals'],
  preview: ['connection of previews', 'connections of previews'],
  visit: ['connection of previews', 'connections of previews'],
};

/** For so long since the last request with a key a visitor without one holds a sandbox awake, in milliseconds. */
const VISIT_MS = 600_000;

/** What holds a sandbox awake, counted by kind so that no kind waits for another. */
export class Leases {
  readonly #held: Record<LeaseKind, number> = {
    run: 0,
    file: 0,
    stream: 0,
    watch: 0,
    terminal: 0,
    preview: 0,
    visit: 0,
  };

  /** Leases of all kinds. */
  get count(): number {
    return Object.values(this.#held).reduce((sum, held) => sum + held, 0);
  }

  /** True while it is neither to be paused nor to give way to another. */
  get isBusy(): boolean {
    return this.hasForeground || this.#held.stream + this.#held.watch > 0;
  }

  /** How many of each kind. */
  get byKind(): Readonly<Record<LeaseKind, number>> {
    return this.#held;
  }

  /** True while somebody waits for a program or a file, and not only reads what comes. */
  get hasForeground(): boolean {
    return this.#held.run + this.#held.file > 0;
  }

  /** What keeps it awake whatever else it does. */
  get busy(): readonly AwakeReason[] {
    const reasons: AwakeReason[] = [];
    if (this.#held.run > 0) reasons.push('call');
    if (this.#held.file > 0) reasons.push('transfer');
    if (this.#held.stream + this.#held.watch > 0) reasons.push('stream');
    return reasons;
  }

  /** What puts off a pause that only idleness asks for, after so long without a request with a key. */
  working(idleMs: number): readonly WorkReason[] {
    const reasons: WorkReason[] = [];
    if (this.#held.terminal > 0) reasons.push('terminal');
    if (this.#held.preview > 0 || (this.#held.visit > 0 && idleMs < VISIT_MS)) reasons.push('preview');
    return reasons;
  }

  /** Takes a lease; throws `limit` if `max` of its kind are held. */
  take(kind: LeaseKind, max: number): void {
    this.requireFree(kind, max);
    this.#held[kind] += 1;
  }

  /** Throws `limit` if `max` of that kind are held. */
  requireFree(kind: LeaseKind, max: number): void {
    if (this.#held[kind] >= max) {
      const verb = kind === 'run' || kind === 'file' ? 'works on' : 'has';
      const sentence = `This sandbox already ${verb} ${counted(max, ...NOUNS[kind])}; try again when one is done.`;
      throw new SandboxError('limit', sentence, { retryAfterSeconds: 1 });
    }
  }

  release(kind: LeaseKind): void {
    this.#held[kind] -= 1;
  }
}
