import { open } from 'node:fs/promises';

/** Bytes of a piece in which lines are handed on; between pieces other work gets its turn. */
const PIECE_BYTES = 64 * 1024;

/** The lines of a file of /proc, which may be long and change while it is read, up to `maxBytes`; none where it cannot be read. */
export async function* readLines(path: string, maxBytes: number): AsyncGenerator<string> {
  const file = await open(path).catch(() => null);
  if (file === null) return;
  try {
    const buffer = Buffer.allocUnsafe(PIECE_BYTES);
    let rest = '';
    for (let read = 0; read < maxBytes; ) {
      const { bytesRead } = await file.read(buffer, 0, PIECE_BYTES).catch(() => ({ bytesRead: 0 }));
      if (bytesRead === 0) break;
      read += bytesRead;
      const lines = (rest + buffer.toString('latin1', 0, bytesRead)).split('\n');
      rest = lines.pop() ?? '';
      yield* lines;
    }
    if (rest !== '') yield rest;
  } finally {
    await file.close();
  }
}
