import { SandboxError } from '../../../base/errors.ts';
import { IncusCalls } from '../incus-calls.ts';
import { ALONE } from '../instances.ts';
import type { IncusPlace } from '../place.ts';
import { Pulse } from './pulse.ts';

/** A client does well to ask again after so long, in seconds. */
const RETRY_AFTER_SECONDS = 2;

/** Which machine, and how it is reached. */
interface MemberPlace {
  readonly name: string;
  readonly url: string;
  readonly place: IncusPlace;
}

/** A machine of the cluster, which is asked all the time whether it is there. */
export class Member {
  readonly name: string;
  readonly url: string;
  /** True where its operator wants nothing to run on it. */
  isEvacuated = false;
  readonly #calls: IncusCalls;
  /** Of its own, so that no other call holds it up. */
  readonly #pings: IncusCalls;
  readonly #pulse: Pulse;

  constructor({ name, url, place }: MemberPlace, timeoutMs: number) {
    this.name = name;
    this.url = url;
    this.#calls = new IncusCalls(place, timeoutMs, (cause) => memberAway(name, cause));
    this.#pings = new IncusCalls(place, timeoutMs);
    this.#pulse = new Pulse({
      // The list of the API's versions asks no database, which the whole cluster may wait for.
      ask: (isBack, deadlineMs) => this.#pings.get('answer', isBack ? '/1.0' : '/', deadlineMs),
      onLost: () => this.#calls.interrupt(),
    });
  }

  get isAway(): boolean {
    return this.#pulse.isLost;
  }

  /** The same, once it is known of one that was not asked before. */
  async answers(): Promise<boolean> {
    await this.#pulse.whenKnown();
    return !this.isAway;
  }

  /** True where it may be about to be away: what others know too they are asked first. */
  get isLate(): boolean {
    return this.#pulse.isLate;
  }

  /** What the work comes to; throws `unavailable` as soon as it is late. */
  async whilePrompt<T>(work: Promise<T>): Promise<T> {
    return await this.#pulse.whilePrompt(work);
  }

  /** What its sandboxes are asked by; throws `unavailable` at once while it is away. */
  get calls(): IncusCalls {
    if (this.isAway) throw memberAway(this.name);
    return this.#calls;
  }

  /** Ends all calls and streams. */
  async close(): Promise<void> {
    this.#pulse.close();
    await Promise.all([this.#calls.close(), this.#pings.close()]);
  }
}

/** The error of a call to what is on a machine that does not answer. */
export function memberAway(name: string, cause?: unknown): SandboxError {
  const machine = name === ALONE ? 'The machine of the sandboxes' : `The machine ${name} of the Incus cluster`;
  const sentence = `${machine} does not answer, and this sandbox is on it; it is back with its files when that machine is.`;
  return new SandboxError('unavailable', sentence, { cause, retryAfterSeconds: RETRY_AFTER_SECONDS });
}
