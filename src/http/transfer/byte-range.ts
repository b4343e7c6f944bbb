/** A part of a file: `lengthBytes` bytes from `offset` on. */
export interface ByteRange {
  readonly offset: number;
  readonly lengthBytes: number;
}

/**
 * The part of a file of `sizeBytes` that a Range header asks for: null for the whole file, where there is no header or one that
 * does not count (malformed, another unit, several ranges); `unsatisfiable` where none of it is there. RFC 9110, section 14.
 */
export function parseRange(header: string | undefined, sizeBytes: number): ByteRange | 'unsatisfiable' | null {
  const match = /^bytes=[ \t]*(\d*)-(\d*)[ \t]*$/i.exec(header ?? '');
  if (!match) return null;
  const [, first = '', last = ''] = match;
  if (first === '') return last === '' ? null : suffixRange(Number(last), sizeBytes);
  const offset = Number(first);
  const end = last === '' ? Number.POSITIVE_INFINITY : Number(last);
  if (end < offset) return null;
  if (offset >= sizeBytes) return 'unsatisfiable';
  return { offset, lengthBytes: Math.min(end, sizeBytes - 1) - offset + 1 };
}

function suffixRange(wantedBytes: number, sizeBytes: number): ByteRange | 'unsatisfiable' {
  const lengthBytes = Math.min(wantedBytes, sizeBytes);
  return lengthBytes === 0 ? 'unsatisfiable' : { offset: sizeBytes - lengthBytes, lengthBytes };
}
