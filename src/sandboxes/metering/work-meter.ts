import { setTimeout as sleep } from 'node:timers/promises';
import { readKeptWork, readLoad } from '../../agent/calls/usage.ts';
import type { AgentLink } from '../../agent/link/link.ts';
import type { AgentConnection } from '../../agent/wire/connection.ts';
import { AgentFailure } from '../../agent/wire/failures.ts';
import type { Clock } from '../../async/clock.ts';
import { withDeadline } from '../../async/deadline.ts';
import { isSandboxError } from '../../base/errors.ts';
import type { WorkReason } from '../registry/leases.ts';
import type { Sandbox } from '../registry/sandbox.ts';

/** CPU time and traffic that count as work, in a window of this length; of a shorter one the same share. */
const WINDOW_MS = 60_000;
const CPU_NANOS = 500_000_000;
const EGRESS_BYTES = 65_536;

/** After so long without a request a reading is taken to compare later ones with, and from then on as often at the least, in milliseconds. */
const FIRST_READING_MS = 5_000;
const READING_MS = 15_000;

/** Readings of less than so long after the one before are not kept, in milliseconds: whoever asks for figures asks often. */
const KEPT_MS = 2_000;

/** Between two readings where there was no earlier one, in milliseconds. */
const SAMPLE_MS = 300;

/** How long an answer is waited for, in milliseconds. */
const ANSWER_MS = 10_000;

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
  readonly #readings = new WeakMap<AgentLink, readonly Reading[]>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Takes a reading of an idle sandbox from time to time, to compare later ones with. */
  async note(sandbox: Sandbox, idleMs: number): Promise<void> {
    if (idleMs < FIRST_READING_MS) return;
    const atMs = this.#comparable(sandbox).at(-1)?.atMs ?? Number.NEGATIVE_INFINITY;
    if (this.#clock.monotonicMs() - atMs >= READING_MS) await this.#read(sandbox);
  }

  /**
   * What the sandbox works at: who looks at it, contexts that run, processes that are to keep it awake, and where it has lately used half
   * a second of CPU time or 64 KiB of its way out in a minute. Nothing where nobody can tell. Without `samples` it never waits for a
   * second reading.
   */
  async look(sandbox: Sandbox, { samples }: { readonly samples: boolean }): Promise<readonly WorkReason[]> {
    const watched = sandbox.leases.working(this.#clock.monotonicMs() - sandbox.lastUsedMs);
    const kept = await this.#kept(sandbox);
    const isKnown = watched.length + kept.length > 0;
    return [...watched, ...kept, ...(await this.#used(sandbox, samples && !isKnown))];
  }

  async #used(sandbox: Sandbox, samples: boolean): Promise<readonly WorkReason[]> {
    let before = this.#comparable(sandbox)[0] ?? (samples ? await this.#read(sandbox) : null);
    if (!before) return [];
    if (samples && this.#clock.monotonicMs() - before.atMs < SAMPLE_MS) {
      before = (await this.#read(sandbox)) ?? before;
      await sleep(SAMPLE_MS);
    }
    const now = await this.#read(sandbox);
    if (!now) return [];
    // On a clock that stands still the sample has its own length.
    const share = Math.max(SAMPLE_MS, now.atMs - before.atMs) / WINDOW_MS;
    const used: WorkReason[] = [];
    if (now.cpuNanos - before.cpuNanos >= CPU_NANOS * share) used.push('cpu');
    if (now.egressBytes - before.egressBytes >= EGRESS_BYTES * Math.max(share, 1)) used.push('network');
    return used;
  }

  async #kept(sandbox: Sandbox): Promise<readonly WorkReason[]> {
    const work = await this.#ask(sandbox, readKeptWork);
    const kept: WorkReason[] = [];
    if (work && work.contexts > 0) kept.push('context');
    if (work && work.processes > 0) kept.push('keep_awake');
    return kept;
  }

  /** The readings since the last request that are not older than a window, the oldest first. */
  #comparable(sandbox: Sandbox): readonly Reading[] {
    const fromMs = Math.max(sandbox.lastUsedMs, this.#clock.monotonicMs() - WINDOW_MS);
    const { link } = sandbox;
    const readings = (link && this.#readings.get(link)) ?? [];
    return readings.filter(({ atMs }) => atMs >= fromMs);
  }

  async #read(sandbox: Sandbox): Promise<Reading | null> {
    const { link } = sandbox;
    const load = await this.#ask(sandbox, readLoad);
    if (!link || !load) return null;
    const counters = sandbox.egress?.counters;
    const reading = {
      atMs: this.#clock.monotonicMs(),
      cpuNanos: load.cpuNanos - load.ownCpuNanos,
      egressBytes: counters ? counters.sentBytes + counters.receivedBytes : 0,
    };
    const before = this.#comparable(sandbox);
    const last = before.at(-1);
    if (!last || reading.atMs - last.atMs >= KEPT_MS) this.#readings.set(link, [...before, reading]);
    return reading;
  }

  /** Null where it does not run, is being changed, or does not answer. */
  async #ask<T>(sandbox: Sandbox, question: (connection: AgentConnection) => Promise<T>): Promise<T | null> {
    const { connection } = sandbox;
    if (!connection) return null;
    try {
      const asked = sandbox.whileMeasured(() => question(connection));
      return await withDeadline(asked, ANSWER_MS, 'The sandbox does not say what it works at.');
    } catch (error) {
      if (error instanceof AgentFailure || isSandboxError(error, 'timeout')) return null;
      throw error;
    }
  }
}
