/** The first and the last millisecond that RFC 3339 can write. */
const [FIRST_MS, LAST_MS] = [-62_135_596_800_000, 253_402_300_799_999];

/** A time in nanoseconds since 1970 with microseconds, as far as RFC 3339 has years. */
export function toFileTime(mtimeNs: string): string {
  const micros = floorDivide(BigInt(mtimeNs), 1_000n);
  const millis = floorDivide(micros, 1_000n);
  const clamped = Math.max(FIRST_MS, Math.min(LAST_MS, Number(millis)));
  const more = String(micros - millis * 1_000n).padStart(3, '0');
  return new Date(clamped).toISOString().replace(/Z$/, `${more}Z`);
}

function floorDivide(value: bigint, by: bigint): bigint {
  return value >= 0n ? value / by : -((-value + by - 1n) / by);
}
