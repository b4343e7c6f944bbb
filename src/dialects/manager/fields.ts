import { z } from 'zod';
import { unicodeText } from '../../http/validation/unicode-text.ts';

const MAX_BYTES = 131_072;

/** A text that programs can be given. */
export const text = (most: number) =>
  unicodeText()
    .max(most, 'is too long')
    .refine((value) => !value.includes('\0'), 'must not hold a NUL character');

/** Variables of the environment of programs. */
export const environment = z
  .record(z.string().regex(/^[A-Za-z0-9_]+$/, 'must have letters, digits and _ only'), text(MAX_BYTES))
  .refine(
    (value) =>
      Object.entries(value).reduce((sum, [name, content]) => sum + name.length + content.length, 0) <= MAX_BYTES,
    'must have 128 KiB or less',
  );

/** A part of a main process: a text that is split as a shell would, or its words. */
export const programPart = z.union([text(MAX_BYTES), z.array(text(MAX_BYTES)).max(1024)]).nullish();

/** A moment, as RFC 3339 has it. */
export const moment = z.string();

/** The moment of a wall clock. */
export function toMoment(atMs: number): string {
  return new Date(atMs).toISOString();
}

/** What a change answers. */
export const done = <Status extends string>(status: Status) => z.object({ status: z.literal(status) });

/** A path in the sandbox. */
export const path = text(4096).min(1, 'must not be empty');
