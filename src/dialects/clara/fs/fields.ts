import { z } from 'zod';
import { isBase64 } from '../../base64.ts';
import { path } from '../fields.ts';

const MAX_PATH_BYTES = 4096;

/** The bytes of a path in base64. */
const pathBytes = z
  .string()
  .min(1, 'must not be empty')
  .refine(isBase64, { error: 'is not valid base64', abort: true })
  .refine((text) => Buffer.from(text, 'base64').length <= MAX_PATH_BYTES, 'is too long')
  .refine((text) => !Buffer.from(text, 'base64').includes(0), 'must not hold a NUL character')
  .meta({ description: 'The bytes of a path that is not UTF-8, in the place of the text.' });

const WHERE = 'In the sandbox; absolute, or relative to /workspace.';

/** A field of a query or form that names a path, as text or as `…_base64`. */
export function pathFields<Name extends string>(name: Name, example: string) {
  const text = path.optional().meta({ description: WHERE, examples: [example] });
  return { [name]: text, [`${name}_base64`]: pathBytes.optional() } as Record<Name, typeof text> &
    Record<`${Name}_base64`, ReturnType<typeof pathBytes.optional>>;
}

/** The same of a body, where null is as good as absent. */
export function bodyPathFields<Name extends string>(name: Name, example: string) {
  const text = path.nullish().meta({ description: WHERE, examples: [example] });
  return { [name]: text, [`${name}_base64`]: pathBytes.nullish() } as Record<Name, typeof text> &
    Record<`${Name}_base64`, ReturnType<typeof pathBytes.nullish>>;
}

/** Refuses a request without the path, unless that may be absent, and one that names it twice. */
export function requirePath<Fields extends Readonly<Record<string, unknown>>>(name: string, isOptional = false) {
  return (fields: Fields, context: z.core.$RefinementCtx<Fields>): void => {
    const [text, bytes] = [fields[name] != null, fields[`${name}_base64`] != null];
    const add = (field: string, message: string) =>
      context.addIssue({ code: 'custom', path: [field], message, input: fields });
    if (text && bytes) add(`${name}_base64`, `must be absent where there is ${name}`);
    if (!text && !bytes && !isOptional) add(name, 'is required and must be a text');
  };
}

/** A whole number of a query. */
export const count = (least: number, most: number) =>
  z.coerce
    .number('must be a whole number')
    .int('must be a whole number')
    .min(least, `must be ${least} or more`)
    .max(most, `must be ${most} or less`);

export const flag = (usual: boolean) => z.enum(['true', 'false']).default(usual ? 'true' : 'false');
