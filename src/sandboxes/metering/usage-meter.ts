import { readLoad } from '../../agent/calls/usage.ts';
import type { AgentLink } from '../../agent/link/link.ts';
import { AgentFailure } from '../../agent/wire/failures.ts';
import type { Clock } from '../../async/clock.ts';
import { withDeadline } from '../../async/deadline.ts';
import { isSandboxError, SandboxError } from '../../base/errors.ts';
import type { Engine, EngineStats } from '../../engines/engine.ts';
import type { Sandbox } from '../registry/sandbox.ts';

/** Between the two readings of a first CPU measurement, in milliseconds. */
const CPU_SAMPLE_MS = 100;

/** How old figures may be that are given again, in milliseconds: however often a client asks, the sandbox has to answer seldom. */
const FRESH_MS = 250;

/** How long a sandbox may take to read its figures before the engine is asked, in milliseconds. */
const AGENT_MS = 1_000;

/** What a sandbox takes of the machine. */
export interface Usage {
  readonly memoryBytes: number;
  /** File cache beside it. */
  readonly cacheBytes: number;
  /** 100 is one CPU in full use. */
  readonly cpuPercent: number;
  readonly processes: number;
}

/** Of a sandbox that does not run. */
export const NO_USAGE: Usage = { memoryBytes: 0, cacheBytes: 0, cpuPercent: 0, processes: 0 };

interface Reading extends EngineStats {
  readonly atMs: number;
}

/**
 * Measures memory and CPU, the CPU between this measurement and the one before. The sandbox's agent is asked first, since an engine
 * may take a second; the engine where no agent answers, as in a paused sandbox.
 */
export class UsageMeter {
  readonly #engine: Engine;
  readonly #clock: Clock;
  /** By the connection to the agent, which is another after each start: what was measured before says nothing of it. */
  readonly #usages = new WeakMap<AgentLink, Usage>();
  readonly #readings = new WeakMap<AgentLink, Reading>();
  readonly #running = new WeakMap<Sandbox, Promise<Usage>>();

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** What was measured last, at once: a create must not wait for an engine that measures. */
  last(sandbox: Sandbox): Usage {
    return (sandbox.link && this.#usages.get(sandbox.link)) ?? NO_USAGE;
  }

  /** Live figures, shared by all who ask at the same time; zero where the sandbox does not run. */
  measure(sandbox: Sandbox): Promise<Usage> {
    const running = this.#running.get(sandbox) ?? this.#measure(sandbox).finally(() => this.#running.delete(sandbox));
    this.#running.set(sandbox, running);
    return running;
  }

  async #measure(sandbox: Sandbox): Promise<Usage> {
    const { link } = sandbox;
    if (!sandbox.isUp || !link) return NO_USAGE;
    try {
      const last = this.#readings.get(link);
      const usage = this.#usages.get(link);
      if (last && usage && this.#clock.monotonicMs() - last.atMs < FRESH_MS) return usage;
      return await this.#compare(sandbox, link, last ?? (await this.#firstReading(sandbox, link)));
    } catch (error) {
      if (!isSandboxError(error, 'not_found') && !isSandboxError(error, 'conflict')) throw error;
      return NO_USAGE;
    }
  }

  async #compare(sandbox: Sandbox, link: AgentLink, before: Reading): Promise<Usage> {
    const now = await this.#read(sandbox, link);
    const elapsedMs = now.atMs - before.atMs;
    const usedMs = (now.cpuNanos - before.cpuNanos) / 1e6;
    const cpuPercent = elapsedMs > 0 && usedMs > 0 ? (usedMs / elapsedMs) * 100 : 0;
    const { memoryBytes, cacheBytes, processes } = now;
    const usage = { memoryBytes, cacheBytes, cpuPercent, processes };
    this.#usages.set(link, usage);
    return usage;
  }

  async #firstReading(sandbox: Sandbox, link: AgentLink): Promise<Reading> {
    const reading = await this.#read(sandbox, link);
    await new Promise((resolve) => setTimeout(resolve, CPU_SAMPLE_MS));
    return reading;
  }

  /** Throws `conflict` where the sandbox was stopped or started again meanwhile. */
  async #read(sandbox: Sandbox, link: AgentLink): Promise<Reading> {
    if (!sandbox.engineId || sandbox.link !== link) throw new SandboxError('conflict', 'The sandbox was stopped.');
    const stats = (await this.#askAgent(sandbox)) ?? (await this.#engine.stats(sandbox.engineId));
    const reading = { ...stats, atMs: this.#clock.monotonicMs() };
    this.#readings.set(link, reading);
    return reading;
  }

  /** Undefined where there is no connection to an agent, the sandbox is just being paused or stopped, or no figures come in time. */
  async #askAgent(sandbox: Sandbox): Promise<EngineStats | undefined> {
    const { connection } = sandbox;
    if (!connection) return undefined;
    const asked = sandbox.whileMeasured(() => readLoad(connection));
    try {
      return await withDeadline(asked, AGENT_MS, 'The sandbox does not say what it takes.');
    } catch (error) {
      if (error instanceof AgentFailure || isSandboxError(error, 'timeout')) return undefined;
      throw error;
    }
  }
}
