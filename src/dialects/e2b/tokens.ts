import { randomBytes } from 'node:crypto';

const TOKEN_BYTES = 32;

/** A token that nobody guesses. */
export function newToken(): string {
  return randomBytes(TOKEN_BYTES).toString('hex');
}
