import { SandboxError } from '../../../errors.ts';
import { IncusCalls } from '../incus-calls.ts';
import { ALONE } from '../instances.ts';
import type { IncusPlace } from '../place.ts';

/** Between the beginnings of two pings, and how long one may take, in milliseconds. */
const PING_EVERY_MS = 300;
const PING_MS = 1_000;

/** A ping that ended so much later than it may take has measured this process and not the member, in milliseconds. */
const OWN_DELAY_MS = 250;

/** So many pings in a row without an answer, and a member is away. */
const FAILURES = 2;

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
  readonly #timer: NodeJS.Timeout;
  #failures = 0;

  constructor({ name, url, place }: MemberPlace, timeoutMs: number) {
    this.name = name;
    this.url = url;
    this.#calls = new IncusCalls(place, timeoutMs, (cause) => memberAway(name, cause));
    this.#pings = new IncusCalls(place, PING_MS);
    this.#timer = setInterval(() => void this.#ping(), PING_EVERY_MS).unref();
  }

  get isAway(): boolean {
    return this.#failures >= FAILURES;
  }

  /** What its sandboxes are asked by; throws `unavailable` at once while it is away. */
  get calls(): IncusCalls {
    if (this.isAway) throw memberAway(this.name);
    return this.#calls;
  }

  /** Ends all calls and streams. */
  async close(): Promise<void> {
    clearInterval(this.#timer);
    await Promise.all([this.#calls.close(), this.#pings.close()]);
  }

  /** The list of the API's versions asks no database, which the whole cluster may wait for; who was away is back once it can do more. */
  async #ping(): Promise<void> {
    const startedAtMs = performance.now();
    try {
      await this.#pings.get('answer', this.isAway ? '/1.0' : '/');
      this.#failures = 0;
    } catch {
      if (performance.now() - startedAtMs > PING_MS + OWN_DELAY_MS) return;
      this.#failures += 1;
      // Whoever waits for it is told now, and need not wait for the kernel's or the cluster's own patience.
      if (this.#failures === FAILURES) await this.#calls.interrupt();
    }
  }
}

/** The error of a call to what is on a machine that does not answer. */
export function memberAway(name: string, cause?: unknown): SandboxError {
  const machine = name === ALONE ? 'The machine of the sandboxes' : `The machine ${name} of the Incus cluster`;
  const sentence = `${machine} does not answer, and this sandbox is on it; it is back with its files when that machine is.`;
  return new SandboxError('unavailable', sentence, { cause, retryAfterSeconds: RETRY_AFTER_SECONDS });
}
