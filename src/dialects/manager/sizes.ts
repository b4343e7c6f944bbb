import { z } from 'zod';

const UNIT: Readonly<Record<string, number>> = { k: 2 ** 10, m: 2 ** 20, g: 2 ** 30 };

/** A size as this API writes it: a whole number and a unit. */
export const size = z.string().regex(/^[1-9]\d{0,8}[kmgKMG]$/, 'must be a whole number with k, m or g, such as 512m');

/** In bytes. */
export function toBytes(text: string): number {
  return Number(text.slice(0, -1)) * (UNIT[text.slice(-1).toLowerCase()] ?? 1);
}
