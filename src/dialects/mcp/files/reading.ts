import type { Readable } from 'node:stream';
import { type Block, pictureType, showBytes } from '../blocks.ts';
import { MAX_CHARACTERS } from '../long-text.ts';

/** The largest picture that is shown, in bytes: models take no larger ones. */
const MAX_PICTURE_BYTES = 5_000_000;

/** What is looked at to tell texts from other files, in bytes. */
const HEAD_BYTES = 8192;

/** The longest part of a line that is shown, in characters. */
const MAX_LINE = 2000;

/** The first bytes of a file, and what it shows where it is a picture. */
interface Begin {
  readonly head: Buffer;
  readonly picture: Block | null;
}

/** Reads the begin of a file, and the whole of a picture. */
export async function readPicture(body: Readable, sizeBytes: number | null): Promise<Begin> {
  const head = await readUpTo(body, HEAD_BYTES);
  const mimeType = pictureType(head);
  if (mimeType === undefined) return { head, picture: null };
  if (sizeBytes !== null && sizeBytes > MAX_PICTURE_BYTES) {
    const text = `The picture has ${showBytes(sizeBytes)}, more than can be shown; make it smaller than 5 MB first.`;
    return { head, picture: { type: 'text', text } };
  }
  const rest = await readUpTo(body, MAX_PICTURE_BYTES - head.length);
  return { head, picture: { type: 'image', data: Buffer.concat([head, rest]).toString('base64'), mimeType } };
}

/** N bytes of a stream, or all that are left; a piece that goes over is put back. */
async function readUpTo(body: Readable, bytes: number): Promise<Buffer> {
  const pieces: Buffer[] = [];
  let size = 0;
  while (size < bytes) {
    const piece: unknown = body.read();
    if (Buffer.isBuffer(piece)) {
      pieces.push(piece);
      size += piece.length;
      continue;
    }
    if (body.readableEnded || body.destroyed) break;
    await nextChange(body);
  }
  const all = Buffer.concat(pieces);
  if (size > bytes) body.unshift(all.subarray(bytes));
  return all.subarray(0, bytes);
}

/** Resolves when there may be more to read, or none will come; rejects where the stream fails. */
function nextChange(body: Readable): Promise<void> {
  return new Promise((resolve, reject) => {
    const done = (error?: Error) => {
      for (const name of ['readable', 'end', 'close'] as const) body.off(name, done);
      body.off('error', done);
      if (error instanceof Error) reject(error);
      else resolve();
    };
    for (const name of ['readable', 'end', 'close'] as const) body.on(name, done);
    body.on('error', done);
  });
}

interface Wanted {
  /** The first line, from 1. */
  readonly offset: number;
  readonly limit: number;
  readonly sizeBytes: number | null;
}

/** Lines with their numbers, as many as are wanted and fit into an answer, and how to read on. */
export async function readLines(file: string, head: Buffer, body: Readable, wanted: Wanted): Promise<string> {
  const { offset, limit, sizeBytes } = wanted;
  if (head.includes(0)) {
    return `${file} is no text${sizeBytes === null ? '' : ` (${showBytes(sizeBytes)})`}; share_file or run_python help.`;
  }
  const shown: string[] = [];
  let length = 0;
  let number = 0;
  for await (const line of linesOf(head, body)) {
    number += 1;
    if (number < offset) continue;
    const text = `${number}\t${line}`;
    if (shown.length === limit || (shown.length > 0 && length + text.length > MAX_CHARACTERS)) {
      return `${shown.join('\n')}\n[there is more; go on with offset ${number}]`;
    }
    shown.push(text);
    length += text.length + 1;
  }
  if (number === 0) return `${file} is empty.`;
  return shown.length > 0 ? shown.join('\n') : `${file} has ${number} lines, fewer than ${offset}.`;
}

/** The lines of a text, the long ones cut, without more of it in memory than a piece. */
async function* linesOf(head: Buffer, body: Readable): AsyncGenerator<string> {
  const decoder = new TextDecoder();
  let line = '';
  let omitted = 0;
  const add = (text: string) => {
    const kept = text.slice(0, Math.max(0, MAX_LINE - line.length));
    line += kept;
    omitted += text.length - kept.length;
  };
  const take = () => {
    const whole = omitted === 0 ? line.replace(/\r$/, '') : `${line}[… ${omitted} characters]`;
    line = '';
    omitted = 0;
    return whole;
  };
  for await (const piece of pieces(head, body)) {
    const parts = decoder.decode(piece, { stream: true }).split('\n');
    for (const [index, part] of parts.entries()) {
      add(part);
      if (index < parts.length - 1) yield take();
    }
  }
  if (line !== '' || omitted > 0) yield take();
}

async function* pieces(head: Buffer, body: Readable): AsyncGenerator<Buffer> {
  yield head;
  for await (const piece of body) if (Buffer.isBuffer(piece)) yield piece;
}
