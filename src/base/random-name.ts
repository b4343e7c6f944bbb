import { randomInt } from 'node:crypto';

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** Random lower-case letters and digits, which nobody guesses. */
export function randomName(characters: number): string {
  const pick = () => ALPHABET[randomInt(ALPHABET.length)];
  return Array.from({ length: characters }, pick).join('');
}
