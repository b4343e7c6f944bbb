import { withDeadline } from '../../async/deadline.ts';
import type { Engine, EngineExec, EngineId } from '../../engines/engine.ts';

/** How often it is asked after a program that should end, in milliseconds. */
const ROUND_MS = 2_000;

/** Points at which the agent that keeps a program is replaced, and at which its sandbox is stopped. */
const POINTS_TO_REPLACE = 8;
const POINTS_TO_STOP = 16;

/**
 * What a round costs. A program that is quiet holds nobody up, and its agent or its engine may be slow; one of an earlier server had its
 * time; one that writes on is hostile.
 */
const POINTS = { quiet: 1, orphan: 2, loud: 8 } as const;

interface ExecWatchParts {
  readonly engine: Engine;
  readonly engineId: EngineId;
  /** The first arguments of the programs that it is about. */
  readonly argv: readonly string[];
  /** Replaces the agent by force, which ends whatever it keeps. */
  readonly replace: () => Promise<unknown>;
  /** Ends the sandbox; never rejects. */
  readonly stop: () => Promise<void>;
}

/**
 * Sees to it that the programs which carry connections end with them. Code that has taken an agent's place can keep one, and write for
 * ever what the engine carries to nobody.
 */
export class ExecWatch {
  readonly #parts: ExecWatchParts;
  readonly #closing = new AbortController();
  #count = 0;

  constructor(parts: ExecWatchParts) {
    this.#parts = parts;
  }

  /** Takes a program whose stream is destroyed when `over` resolves, and lets go of it when it has ended. */
  async follow(exec: EngineExec, over: Promise<unknown>): Promise<void> {
    this.#count += 1;
    await over;
    await this.#endsIn(
      () => this.#isRunning(exec),
      () => (exec.isHeldBack() ? POINTS.loud : POINTS.quiet),
    );
    exec.abandon();
    this.#count -= 1;
  }

  /** Ends what connections of an earlier server have left. */
  async followOrphans(): Promise<void> {
    const { engine, engineId, argv } = this.#parts;
    await this.#endsIn(
      async () => {
        await this.#isInRound(new Promise(() => undefined));
        return (await engine.countExecs(engineId, argv)) > this.#count;
      },
      () => POINTS.orphan,
    );
  }

  /** Ends the watch, as the sandbox has ended or the server does. */
  close(): void {
    this.#closing.abort();
  }

  /** Asks, round by round, and does something about it where that takes long; a question that fails was not answered. */
  async #endsIn(isRunning: () => Promise<boolean>, pointsOf: () => number): Promise<void> {
    const { replace, stop } = this.#parts;
    let points = 0;
    while (!this.#closing.signal.aborted) {
      const answer = await isRunning().catch(() => undefined);
      if (answer === false || this.#closing.signal.aborted) return;
      if (answer === undefined) continue;
      points += pointsOf();
      if (points === POINTS_TO_REPLACE) await replace().catch(() => undefined);
      else if (points >= POINTS_TO_STOP) await stop();
    }
  }

  /** Within a round, if the engine closes its stream; where it does not, it is asked, as an engine may forget to. */
  async #isRunning(exec: EngineExec): Promise<boolean> {
    return !(await this.#isInRound(exec.closed)) && (await exec.exitCode()) === null;
  }

  /** Waits a round for something; false where it does not happen in it. */
  async #isInRound(event: Promise<void>): Promise<boolean> {
    return await withDeadline(event, ROUND_MS, 'It goes on.', this.#closing.signal).then(
      () => true,
      () => false,
    );
  }
}
