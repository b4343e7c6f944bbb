import type { Bench } from './bench.ts';
import { type Quantiles, toQuantiles } from './statistics.ts';

/** What a row is measured in. */
export type Unit = 'ms' | 'MB/s' | '/s' | 'MiB';

/** One thing that a row promises, and whether it was kept. */
export interface Check {
  readonly target: string;
  readonly isMet: boolean;
}

/** One line of the table; what has no counterpart in `docker exec` has null there. */
export interface Row {
  readonly name: string;
  readonly unit: Unit;
  readonly ours: Quantiles;
  readonly theirs: Quantiles | null;
  /** How many times better than the counterpart, at the median. */
  readonly ratio: number | null;
  readonly checks: readonly Check[];
  readonly note?: string;
}

/** A family of rows that is measured together; `id` selects it with --only. */
export interface Family {
  readonly id: string;
  measure(bench: Bench): Promise<Row[]>;
}

/** Judges a row by its figures and the ratio to the other side, if there is one. */
export type CheckOf = (ours: Quantiles, ratio: number | null) => Check;

/** The row of two sets of samples in milliseconds, or in a unit of which more is better. */
export function toRow(
  name: string,
  samples: { readonly ours: readonly number[]; readonly theirs: readonly number[] | null },
  checks: readonly CheckOf[] = [],
  unit: Unit = 'ms',
): Row {
  const ours = toQuantiles(samples.ours);
  const theirs = samples.theirs && toQuantiles(samples.theirs);
  const isRate = unit === '/s' || unit === 'MB/s';
  const ratio = theirs && (isRate ? ours.p50 / theirs.p50 : theirs.p50 / ours.p50);
  return { name, unit, ours, theirs, ratio, checks: checks.map((check) => check(ours, ratio)) };
}

/** At the median N times better than the counterpart. */
export function atLeast(times: number): CheckOf {
  return (_ours, ratio) => ({ target: `≥ ${times} ×`, isMet: ratio !== null && ratio >= times });
}

/** A median below so much. */
export function under(limit: number, unit: Unit): CheckOf {
  return (ours) => ({ target: `p50 < ${limit} ${unit}`, isMet: ours.p50 < limit });
}

/** A median above so much. */
export function over(limit: number, unit: Unit): CheckOf {
  return (ours) => ({ target: `> ${limit} ${unit}`, isMet: ours.p50 > limit });
}

/** A 99th percentile below N medians. */
export function evenWithin(times: number): CheckOf {
  return (ours) => ({ target: `p99 < ${times} × p50`, isMet: ours.p99 < times * ours.p50 });
}
