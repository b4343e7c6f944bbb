import { z } from 'zod';

/** A text of whole characters: half of a surrogate pair, which JSON can escape but UTF-8 cannot write, would be stored as U+FFFD. */
export function unicodeText() {
  return z.string().refine((text) => text.isWellFormed(), {
    error: 'must be Unicode text; it holds half of a surrogate pair',
    abort: true,
  });
}
