import { randomInt } from 'node:crypto';

const RANDOM_ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** So many random letters and digits. */
export function randomName(characters: number): string {
  const pick = () => RANDOM_ALPHABET[randomInt(RANDOM_ALPHABET.length)];
  return Array.from({ length: characters }, pick).join('');
}
