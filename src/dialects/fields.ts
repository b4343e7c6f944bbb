import { z } from 'zod';
import { unicodeText } from '../http/validation/unicode-text.ts';

export const hasNoNul = (value: string): boolean => !value.includes('\0');

/** A text of N characters at the most, as programs can be given it. */
export const text = (most: number) =>
  unicodeText().max(most, 'is too long').refine(hasNoNul, 'must not hold a NUL character');

/** A field that has this value where it is absent, or null. */
export function usually<Schema extends z.ZodType>(schema: Schema, usual: z.output<Schema>) {
  // No transformation, of which documents could show neither default nor example.
  const field = schema
    .nullish()
    .default(usual as never)
    .overwrite((value) => (value ?? usual) as never);
  return field as unknown as z.ZodType<z.output<Schema>, z.input<Schema> | null | undefined>;
}

/** A path in the sandbox. */
export const path = unicodeText()
  .min(1, 'must not be empty')
  .max(4096, 'is too long')
  .refine(hasNoNul, 'must not hold a NUL character');

/** Variables of the environment of programs. */
export const env = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must have letters, digits and _ only, and no digit first'),
    text(131_072),
  )
  .refine(
    (value) => Object.entries(value).reduce((sum, [name, content]) => sum + name.length + content.length, 0) <= 131_072,
    'must have 128 KiB or less',
  );

/** What clients note of what is theirs. */
export const metadata = z
  .record(z.string().min(1).max(256), text(4096))
  .refine((value) => Object.keys(value).length <= 64, 'must have 64 entries or fewer');

/** The error of clients that read a sentence in `detail`, by its name in a document. */
export const detailResponse = (id: string) =>
  z
    .object({ detail: z.string().meta({ description: 'A sentence for a person.' }) })
    .meta({ id, examples: [{ detail: 'Sandbox not found' }] });
