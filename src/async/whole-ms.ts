/** Seconds in whole milliseconds, which are all that an agent takes: 16.1 * 1000 is 16100.000000000002. */
export function toWholeMs(seconds: number): number {
  return Math.round(seconds * 1000);
}
