/** One side of a comparison: what is timed, and how often in all. */
export interface Side {
  readonly count: number;
  /** Resolves when the work is done; may return its own duration in milliseconds, where not all of it counts. */
  readonly call: () => Promise<number | undefined>;
  /** Calls after each change of sides that are not counted: the machine still tidies up after the other side. */
  readonly uncounted?: number;
}

/** Durations of each side's calls in milliseconds, measured in turns (ABAB…) so that both see the same machine. */
export async function interleave(
  ours: Side,
  theirs: Side,
  turns = 10,
): Promise<{ readonly ours: number[]; readonly theirs: number[] }> {
  const samples = { ours: [] as number[], theirs: [] as number[] };
  for (let turn = 1; turn <= turns; turn += 1) {
    await measure(ours, samples.ours, Math.round((ours.count * turn) / turns));
    await measure(theirs, samples.theirs, Math.round((theirs.count * turn) / turns));
  }
  return samples;
}

async function measure(side: Side, samples: number[], upTo: number): Promise<void> {
  for (let call = 0; call < (side.uncounted ?? 1); call += 1) await side.call();
  while (samples.length < upTo) samples.push(await timed(side.call));
}

/** How long the call takes in milliseconds, unless it says so itself. */
export async function timed(call: () => Promise<unknown>): Promise<number> {
  const startedAt = performance.now();
  const own = await call();
  return typeof own === 'number' ? own : performance.now() - startedAt;
}
