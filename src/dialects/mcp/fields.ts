import { z } from 'zod';
import { unicodeText } from '../../http/validation/unicode-text.ts';
import { text as textUpTo } from '../fields.ts';

export { path } from '../fields.ts';

/** More than a context of a model holds, in characters. */
const MAX_TEXT = 16_777_216;

/** A text that may hold anything but a NUL, as programs are given it. */
export const text = textUpTo(MAX_TEXT);

/** A text that may hold anything. */
export const anyText = unicodeText().max(MAX_TEXT * 4, 'is too long');

/** A whole number from the one to the other. */
export const count = (least: number, most: number) =>
  z.int('must be a whole number').min(least, `must be ${least} or more`).max(most, `must be ${most} or less`);

/** The id of a sandbox in the namespace that is shared. */
export const sandboxId = unicodeText()
  .min(1, 'must not be empty')
  .refine((id) => [...id].length <= 256, 'must have 256 characters or fewer')
  .refine((id) => !/\p{Cc}/u.test(id), 'must not hold control characters');
