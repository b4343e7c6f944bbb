/** A number with N digits behind the point, at the most. */
export function round(value: number, digits: number): number {
  return Number(value.toFixed(digits));
}

/** ISO 8601 in UTC with six digits of fraction. */
export function toTimestamp(milliseconds: number): string {
  return new Date(milliseconds).toISOString().replace(/\.(\d{3})Z$/, '.$1000Z');
}
