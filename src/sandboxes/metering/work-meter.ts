import { setTimeout as sleep } from 'node:timers/promises';
import { readLoad } from '../../agent/calls/usage.ts';
import type { AgentLink } from '../../agent/link/link.ts';
import { AgentFailure } from '../../agent/wire/failures.ts';
import type { Clock } from '../../async/clock.ts';
import type { Sandbox } from '../sandbox.ts';

/** CPU time and traffic that count as work, in a window of this length; of a shorter one the same share. */
const WINDOW_MS = 60_000;
const CPU_NANOS = 500_000_000;
const EGRESS_BYTES = 65_536;

/** After so long without a request a reading is taken to compare the next one with, in milliseconds. */
const FIRST_READING_MS = 20_000;

/** Between two readings where there was no earlier one, in milliseconds. */
const SAMPLE_MS = 300;

/** After so long without an answer an agent counts as hung, in milliseconds. */
const DEADLINE_MS = 10_000;

interface Reading {
  readonly atMs: number;
  /** Without the agent's own. */
  readonly cpuNanos: number;
  readonly egressBytes: number;
}

/** Tells whether programs work in a sandbox that nobody asks anything of. */
export class WorkMeter {
  readonly #clock: Clock;
  /** Keyed by AgentLink, which is replaced on every start. */
  readonly #readings = new WeakMap<AgentLink, Reading>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a reading of an idle sandbox from time to time, to compare later ones with. */
  async note(sandbox: Sandbox, idleMs: number): Promise<void> {
    if (idleMs < FIRST_READING_MS) return;
    const { atMs } = this.#baseline(sandbox) ?? { atMs: Number.NEGATIVE_INFINITY };
    if (this.#clock.monotonicMs() - atMs > WINDOW_MS / 2) await this.#read(sandbox);
  }

  /** True if the sandbox has lately used half a second of CPU time or 64 KiB of its way out in a minute; false where nobody can tell. */
  async isWorking(sandbox: Sandbox): Promise<boolean> {
    let before = this.#baseline(sandbox) ?? (await this.#read(sandbox));
    if (!before) return false;
    if (this.#clock.monotonicMs() - before.atMs < SAMPLE_MS) {
      before = (await this.#read(sandbox)) ?? before;
      await sleep(SAMPLE_MS);
    }
    const now = await this.#read(sandbox);
    if (!now) return false;
    // On a clock that stands still the sample has its own length.
    const share = Math.max(SAMPLE_MS, now.atMs - before.atMs) / WINDOW_MS;
    const cpuNanos = now.cpuNanos - before.cpuNanos;
    return cpuNanos >= CPU_NANOS * share || now.egressBytes - before.egressBytes >= EGRESS_BYTES * Math.max(share, 1);
  }

  /** A reading since the last request that is not older than a window. */
  #baseline(sandbox: Sandbox): Reading | null {
    const reading = sandbox.link && this.#readings.get(sandbox.link);
    if (!reading || reading.atMs < sandbox.lastUsedMs) return null;
    return this.#clock.monotonicMs() - reading.atMs <= WINDOW_MS ? reading : null;
  }

  async #read(sandbox: Sandbox): Promise<Reading | null> {
    const { link } = sandbox;
    const connection = sandbox.state === 'running' && sandbox.mutex.isFree ? link?.current : undefined;
    if (!link || !connection) return null;
    try {
      const { cpuNanos, ownCpuNanos } = await sandbox.whileMeasured(() =>
        readLoad(connection, { deadlineMs: DEADLINE_MS }),
      );
      const counters = sandbox.egress?.counters;
      const reading = {
        atMs: this.#clock.monotonicMs(),
        cpuNanos: cpuNanos - ownCpuNanos,
        egressBytes: counters ? counters.sentBytes + counters.receivedBytes : 0,
      };
      this.#readings.set(link, reading);
      return reading;
    } catch (error) {
      if (!(error instanceof AgentFailure)) throw error;
      return null;
    }
  }
}
