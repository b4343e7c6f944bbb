const UNIT_BYTES = { b: 1, k: 2 ** 10, m: 2 ** 20, g: 2 ** 30, t: 2 ** 40 };

/**
 * Bytes of a size such as 512m or 1.5g; NaN where it is none.
 * @param {string} text
 */
export function toBytes(text) {
  const match = /^(\d+(?:\.\d+)?)\s*([bkmgt])?(?:i?b)?$/i.exec(text.trim());
  if (!match) return Number.NaN;
  return Math.floor(Number(match[1]) * UNIT_BYTES[(match[2] ?? 'b').toLowerCase()]);
}

/**
 * A number of bytes for a person.
 * @param {number} bytes
 */
export function toGibibytes(bytes) {
  return `${(bytes / 2 ** 30).toFixed(1)} GiB`;
}
