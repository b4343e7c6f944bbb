import { SandboxError } from '../errors.ts';

/** What a sandbox is used for: a program that a caller waits for, a file operation, or a stream of events that is read. */
export type LeaseKind = 'run' | 'file' | 'stream';

const NOUN: Readonly<Record<LeaseKind, string>> = { run: 'calls', file: 'file operations', stream: 'streams' };

/** What holds a sandbox awake, counted by kind so that no kind waits for another. */
export class Leases {
  readonly #held: Record<LeaseKind, number> = { run: 0, file: 0, stream: 0 };

  /** Leases of all kinds. */
  get count(): number {
    return this.#held.run + this.#held.file + this.#held.stream;
  }

  /** How many of each kind. */
  get byKind(): Readonly<Record<LeaseKind, number>> {
    return this.#held;
  }

  /** True while somebody waits for a program or a file, and not only reads what comes. */
  get hasForeground(): boolean {
    return this.#held.run + this.#held.file > 0;
  }

  /** Takes a lease; throws `limit` if `max` of its kind are held. */
  take(kind: LeaseKind, max: number): void {
    if (this.#held[kind] >= max) {
      const sentence = `This sandbox already works on ${max} ${NOUN[kind]}; try again when one is done.`;
      throw new SandboxError('limit', sentence, { retryAfterSeconds: 1 });
    }
    this.#held[kind] += 1;
  }

  release(kind: LeaseKind): void {
    this.#held[kind] -= 1;
  }
}
