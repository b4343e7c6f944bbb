import { FRAME, type Frame } from './codec.ts';

/** What one agent may cost for long, in units a millisecond: far more than it can send, a small part of a core. */
const UNITS_PER_MS = 250;

/** The same for all agents together: half a core, so that whoever is not flooding is served from the other half. */
const SHARED_UNITS_PER_MS = 500;

/** How much of that may come at once, in milliseconds of it. */
const BURST_MS = 100;

/** What an agent may have cost lately and still need not wait for what others cost, in milliseconds of its own rate. */
const MODEST_MS = 10;

/** Bytes of JSON that cost as much as a frame. */
const JSON_BYTES_PER_UNIT = 64;

/** What some frames cost beside that: a channel is made, served or refused, and answered; a sign of life is answered. */
const UNITS: Readonly<Partial<Record<number, number>>> = { [FRAME.OPEN]: 100, [FRAME.PING]: 3 };

/** How far ahead of a rate something is. */
class Level {
  readonly #unitsPerMs: number;
  #units = 0;
  #atMs = 0;

  constructor(unitsPerMs: number) {
    this.#unitsPerMs = unitsPerMs;
  }

  /** Adds units; in how many milliseconds all that was added will have run off. */
  add(units: number, nowMs: number): number {
    this.#units = Math.max(0, this.#units - (nowMs - this.#atMs) * this.#unitsPerMs) + units;
    this.#atMs = nowMs;
    return this.#units / this.#unitsPerMs;
  }
}

/** What all agents of a server cost it together; each connection's budget counts there too. */
export class SharedFrameBudget {
  readonly #level = new Level(SHARED_UNITS_PER_MS);

  /** Counts units; in how many milliseconds all agents together will be within their rate again. */
  add(units: number, nowMs: number): number {
    return this.#level.add(units, nowMs);
  }
}

/** Bounds the work that one agent, and all of them together, can make for the server with frames that no credit limits: small ones, and JSON. */
export class FrameBudget {
  readonly #level = new Level(UNITS_PER_MS);
  readonly #shared: SharedFrameBudget;

  constructor(shared: SharedFrameBudget) {
    this.#shared = shared;
  }

  /** Counts frames; how many milliseconds to take no more from this agent, 0 as a rule. */
  spend(frames: readonly Frame[], nowMs: number): number {
    const units = frames.reduce((sum, frame) => sum + unitsOf(frame), 0);
    const ownMs = this.#level.add(units, nowMs);
    const allMs = this.#shared.add(units, nowMs);
    const isWithin = ownMs < BURST_MS && (ownMs < MODEST_MS || allMs < BURST_MS);
    if (isWithin) return 0;
    return Math.ceil(allMs < BURST_MS ? ownMs : Math.max(ownMs, allMs));
  }
}

function unitsOf({ type, payload }: Frame): number {
  const json = type === FRAME.DATA ? 0 : Math.floor(payload.length / JSON_BYTES_PER_UNIT);
  return 1 + (UNITS[type] ?? 0) + json;
}
