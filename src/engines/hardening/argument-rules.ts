/**
 * What one argument of a system call must be, counted from 0. `bits` is compared under a mask of at most 32 bits; `null` and `some`
 * compare all 64 with a null pointer.
 */
export type ArgumentRule =
  | { readonly index: number; readonly kind: 'bits'; readonly mask: number; readonly value: number }
  | { readonly index: number; readonly kind: 'null' | 'some' };

/** The kernel reads the lower half of such an argument and ignores what a program leaves in the upper one. */
const INT = 0xffff_ffff;
const HALF = 0xffff;

/** The argument is an int of this value. */
export function is(index: number, value: number): ArgumentRule {
  return { index, kind: 'bits', mask: INT, value };
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
  return { index, kind: 'bits', mask: bits, value: 0 };
}

/** The argument has all of these bits. */
export function has(index: number, bits: number): ArgumentRule {
  return { index, kind: 'bits', mask: bits, value: bits };
}

/** The argument is an int that, but for these bits, has this value. */
export function isBut(index: number, bits: number, value: number): ArgumentRule {
  return { index, kind: 'bits', mask: (INT & ~bits) >>> 0, value };
}

/** The argument, a pointer, is null. */
export function isNull(index: number): ArgumentRule {
  return { index, kind: 'null' };
}

/** The argument, a pointer, is not null. */
export function isNotNull(index: number): ArgumentRule {
  return { index, kind: 'some' };
}

/** Values of an argument's lower half that end in any bits of a mask: 0x8940 with 1 is 0x8940 and 0x8941. */
export interface LowerHalves {
  readonly first: number;
  readonly mask: number;
}

/**
 * The lower half of an int is none of these, as rules of which one holds. A comparison "not equal" would not do: it is one of
 * 64 bits, and a program could set one that the kernel ignores.
 */
export function isNoneOf(index: number, halves: readonly LowerHalves[]): readonly ArgumentRule[] {
  return withoutAny(index, halves, { first: 0, mask: HALF });
}

/** The rules for what of a block of values is in none of these: the whole, or what its two parts have. */
function withoutAny(index: number, halves: readonly LowerHalves[], block: LowerHalves): readonly ArgumentRule[] {
  const inside = halves.filter(({ first, mask }) => ((first ^ block.first) & ~(mask | block.mask)) === 0);
  if (inside.length === 0) return [{ index, kind: 'bits', mask: HALF & ~block.mask, value: block.first }];
  if (inside.some(({ mask }) => mask >= block.mask)) return [];
  const mask = block.mask >> 1;
  return [block.first, block.first + mask + 1].flatMap((first) => withoutAny(index, inside, { first, mask }));
}

function allAreIn(values: ReadonlySet<number>, first: number, count: number): boolean {
  for (let at = 0; at < count; at++) if (!values.has(first + at)) return false;
  return true;
}
