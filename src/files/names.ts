import { isUtf8 } from 'node:buffer';

/** A byte of a name that is not UTF-8, as a lone surrogate: what the agent reads and writes. PEP 383. */
const ESCAPE = 0xdc00;

/** The most bytes of a character in UTF-8. */
const MAX_CHARACTER_BYTES = 4;

/** The text of a name or path that need not be UTF-8. */
export function nameFromBytes(bytes: Buffer): string {
  if (isUtf8(bytes)) return bytes.toString('utf8');
  let text = '';
  for (let at = 0; at < bytes.length; ) {
    const length = characterLength(bytes.subarray(at, at + MAX_CHARACTER_BYTES));
    text += length === 0 ? String.fromCharCode(ESCAPE + (bytes[at] ?? 0)) : bytes.toString('utf8', at, at + length);
    at += length || 1;
  }
  return text;
}

/** The bytes of a name or path. */
export function nameToBytes(text: string): Buffer {
  const parts = Array.from(text, (character) => {
    const code = character.codePointAt(0) ?? 0;
    return code >= ESCAPE + 0x80 && code <= ESCAPE + 0xff ? Buffer.from([code - ESCAPE]) : Buffer.from(character);
  });
  return Buffer.concat(parts);
}

/** A name as it can be shown, and its bytes in base64 where that is not all of it. */
export function showName(text: string): { readonly shown: string; readonly base64: string | null } {
  if (text.isWellFormed()) return { shown: text, base64: null };
  return { shown: text.toWellFormed(), base64: nameToBytes(text).toString('base64') };
}

/** The length of the character that the bytes begin with; 0 where they begin with none. */
function characterLength(bytes: Buffer): number {
  for (let length = 1; length <= bytes.length; length += 1) if (isUtf8(bytes.subarray(0, length))) return length;
  return 0;
}
