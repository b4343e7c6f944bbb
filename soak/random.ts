/** Whole numbers from 0 to below `limit`, the same for the same seed. */
export type Random = (limit: number) => number;

/** Marsaglia's xorshift with 32 bits. https://www.jstatsoft.org/article/view/v008i14 */
export function createRandom(seed: number): Random {
  let state = seed >>> 0 || 1;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}
