import { createDeferred } from '../../../async/deferred.ts';
import { SandboxError } from '../../../base/errors.ts';

/** Between the beginnings of two pings, in milliseconds. */
const EVERY_MS = 300;

/** After so long without an answer others are asked what they know too; after so much longer the ping has failed, in milliseconds. */
const LATE_MS = 300;
const DEADLINE_MS = 1_000;

/** What comes so much later than it may has measured this process and not the member, in milliseconds. */
const OWN_DELAY_MS = 250;

/** Pings in a row without an answer after which a member is lost. */
const FAILURES = 2;

interface PulseParts {
  /** Asks whether it is there; `isBack` is to show that it can do more than that. */
  ask(isBack: boolean, deadlineMs: number): Promise<unknown>;
  /** Told once it is lost. */
  onLost(): Promise<void>;
}

/** Whether a member is there, which it is asked all the time. */
export class Pulse {
  readonly #parts: PulseParts;
  readonly #timer: NodeJS.Timeout;
  readonly #waiting = new Set<() => void>();
  #failures = 0;
  #isLate = false;
  /** True once it has answered, or was lost. */
  #isKnown = false;
  #isClosed = false;

  constructor(parts: PulseParts) {
    this.#parts = parts;
    this.#timer = setInterval(() => void this.#ping(), EVERY_MS).unref();
  }

  /** True where it has not answered for so long that nobody is to wait for it. */
  get isLost(): boolean {
    return this.#failures >= FAILURES;
  }

  /** True from the first ping on whose answer is late, until one answers. */
  get isLate(): boolean {
    return this.#isLate;
  }

  /** What the work comes to; throws `unavailable` as soon as the member is late, and leaves the work to itself. */
  async whilePrompt<T>(work: Promise<T>): Promise<T> {
    work.catch(() => undefined);
    const late = createDeferred<never>();
    const tell = () => late.reject(new SandboxError('unavailable', 'The machine takes long to answer.'));
    this.#waiting.add(tell);
    try {
      return await Promise.race([work, late.promise]);
    } finally {
      this.#waiting.delete(tell);
    }
  }

  /** Resolves once it is known whether the member is there. */
  async whenKnown(): Promise<void> {
    while (!this.#isKnown && !this.#isClosed) await this.#ping();
  }

  /** Asks no more. */
  close(): void {
    this.#isClosed = true;
    clearInterval(this.#timer);
  }

  async #ping(): Promise<void> {
    const startedAtMs = performance.now();
    const isOwnDelay = (allowedMs: number) => performance.now() - startedAtMs > allowedMs + OWN_DELAY_MS;
    const late = setTimeout(() => {
      if (!isOwnDelay(LATE_MS)) this.#noteLate();
    }, LATE_MS);
    try {
      await this.#parts.ask(this.isLost, DEADLINE_MS);
      this.#failures = 0;
      this.#isKnown = true;
      this.#isLate = false;
    } catch {
      if (isOwnDelay(DEADLINE_MS)) return;
      this.#failures += 1;
      this.#isKnown ||= this.isLost;
      this.#noteLate();
      // Whoever waits for it is told now, and need not wait for the kernel's or the cluster's own timeout.
      if (this.#failures === FAILURES) await this.#parts.onLost();
    } finally {
      clearTimeout(late);
    }
  }

  #noteLate(): void {
    this.#isLate = true;
    for (const tell of this.#waiting) tell();
  }
}
