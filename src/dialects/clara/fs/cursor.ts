import { nameFromBytes, nameToBytes } from '../../../files/names.ts';
import { InvalidRequest } from '../../../http/validation/validation.ts';

/** What a cursor begins with: anything else was not given out. */
const MARK = Buffer.from('l1:');

/** A position in a listing, for a client that makes nothing of it. */
export function toCursor(after: string): string {
  return Buffer.concat([MARK, nameToBytes(after)]).toString('base64url');
}

/** The position that a cursor says; one that was not given out is refused. */
export function fromCursor(cursor: string): string {
  const bytes = Buffer.from(cursor, 'base64url');
  const parts = nameFromBytes(bytes.subarray(MARK.length)).split('/');
  const isPath = parts.every((part) => part !== '' && part !== '.' && part !== '..' && !part.includes('\0'));
  if (bytes.subarray(0, MARK.length).equals(MARK) && isPath) return parts.join('/');
  const issue = { loc: ['query', 'cursor'], msg: 'must be the next_cursor of an answer', type: 'invalid_cursor' };
  throw new InvalidRequest([issue]);
}
