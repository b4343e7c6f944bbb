/** The bits under the mask, of at most 32, that one argument of a system call must have; arguments are counted from 0. */
export interface ArgumentRule {
  readonly index: number;
  readonly mask: number;
  readonly value: number;
}

/** The kernel reads the lower half of such an argument and ignores what a program leaves in the upper one. */
const INT = 0xffff_ffff;

/** The argument is an int of this value. */
export function is(index: number, value: number): ArgumentRule {
  return { index, mask: INT, value };
}

/**
 * The argument is an int of one of these values, as rules of which one holds: values that differ in their last bits alone share a
 * rule, whose mask leaves those bits out.
 */
export function isOneOf(index: number, values: readonly number[]): readonly ArgumentRule[] {
  const left = new Set(values);
  return [...left]
    .sort((one, other) => one - other)
    .flatMap((first) => {
      if (!left.has(first)) return [];
      let count = 1;
      while (first % (count * 2) === 0 && allAreIn(left, first + count, count)) count *= 2;
      for (let at = 0; at < count; at++) left.delete(first + at);
      return [isBut(index, count - 1, first)];
    });
}

/** The argument has none of these bits. */
export function lacks(index: number, bits: number): ArgumentRule {
  return { index, mask: bits, value: 0 };
}

/** The argument is an int that, but for these bits, has this value. */
export function isBut(index: number, bits: number, value: number): ArgumentRule {
  return { index, mask: (INT & ~bits) >>> 0, value };
}

function allAreIn(values: ReadonlySet<number>, first: number, count: number): boolean {
  for (let at = 0; at < count; at++) if (!values.has(first + at)) return false;
  return true;
}
