import type { Clock } from '../clock.ts';
import type { Engine } from '../engines/engine.ts';
import { isSandboxError } from '../errors.ts';
import type { Sandbox } from './sandbox.ts';

/** Between the two readings of a first CPU measurement, in milliseconds. */
const CPU_SAMPLE_MS = 100;

/** What a sandbox takes of the machine. */
export interface Usage {
  readonly memoryBytes: number;
  /** 100 is one CPU in full use. */
  readonly cpuPercent: number;
}

const NO_USAGE: Usage = { memoryBytes: 0, cpuPercent: 0 };

interface Reading {
  readonly atMs: number;
  readonly memoryBytes: number;
  readonly cpuNanos: number;
}

/** Measures memory and CPU through the engine; the CPU between this measurement and the one before. */
export class UsageMeter {
  readonly #engine: Engine;
  readonly #clock: Clock;
  readonly #usages = new WeakMap<Sandbox, Usage>();
  readonly #readings = new WeakMap<Sandbox, Reading>();

  constructor(engine: Engine, clock: Clock) {
    this.#engine = engine;
    this.#clock = clock;
  }

  /** What was measured last, at once: an engine may take a second to measure, which a create must not wait for. */
  last(sandbox: Sandbox): Usage {
    return (sandbox.isUp && this.#usages.get(sandbox)) || NO_USAGE;
  }

  /** Live figures; zero where the sandbox does not run. */
  async measure(sandbox: Sandbox): Promise<Usage> {
    if (!sandbox.isUp) return NO_USAGE;
    try {
      const before = this.#readings.get(sandbox) ?? (await this.#firstReading(sandbox));
      const now = await this.#read(sandbox);
      const elapsedMs = now.atMs - before.atMs;
      const usedMs = (now.cpuNanos - before.cpuNanos) / 1e6;
      const cpuPercent = elapsedMs > 0 && usedMs > 0 ? (usedMs / elapsedMs) * 100 : 0;
      const usage = { memoryBytes: now.memoryBytes, cpuPercent };
      this.#usages.set(sandbox, usage);
      return usage;
    } catch (error) {
      if (!isSandboxError(error, 'not_found') && !isSandboxError(error, 'conflict')) throw error;
      return NO_USAGE;
    }
  }

  async #firstReading(sandbox: Sandbox): Promise<Reading> {
    const reading = await this.#read(sandbox);
    await new Promise((resolve) => setTimeout(resolve, CPU_SAMPLE_MS));
    return reading;
  }

  async #read(sandbox: Sandbox): Promise<Reading> {
    if (!sandbox.engineId) return { atMs: this.#clock.monotonicMs(), memoryBytes: 0, cpuNanos: 0 };
    const stats = await this.#engine.stats(sandbox.engineId);
    const reading = { atMs: this.#clock.monotonicMs(), ...stats };
    this.#readings.set(sandbox, reading);
    return reading;
  }
}
