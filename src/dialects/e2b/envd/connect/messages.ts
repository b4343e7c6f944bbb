import { z } from 'zod';
import { describeIssue } from '../../../../http/validation/validation.ts';
import { ConnectError } from './connect-error.ts';

/** The longest text in a message that is no content, in characters. */
const MAX_TEXT = 131_072;

/** A text, empty where it is absent: so are all scalars of protobuf's JSON. */
export const text = z
  .string()
  .max(MAX_TEXT, 'is too long')
  .refine((value) => !value.includes('\0'), 'must not hold a NUL character')
  .refine((value) => value.isWellFormed(), 'must be Unicode text');

/** A text, which is empty where it is absent. */
export const textOrEmpty = text.nullish().transform((value) => value ?? '');

/** An unsigned number of 32 bits, which JSON may hold as a text too. */
export const uint32 = z.union([
  z.int().min(0).max(0xffff_ffff),
  z
    .string()
    .regex(/^\d{1,10}$/)
    .transform(Number),
]);

/** Bytes in base64, of either alphabet, with or without padding. */
export const bytes = z
  .string()
  .regex(/^[A-Za-z0-9+/_-]*={0,2}$/, 'must be base64')
  .transform((value) => Buffer.from(value, 'base64'));

/** A message of protobuf's JSON, checked; throws ConnectError with the name of the field that is wrong. */
export function parseMessage<Message>(schema: z.ZodType<Message>, value: unknown): Message {
  const parsed = schema.safeParse(value, { error: describeIssue });
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  const field = issue?.path.join('.');
  const what = issue?.message ?? 'is not valid';
  throw new ConnectError('invalid_argument', field ? `${field}: ${what}` : `The message ${what}.`);
}
