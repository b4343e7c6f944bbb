import { Readable } from 'node:stream';
import type { FastifyReply } from 'fastify';
import { limitIdleClient } from './client-idle.ts';

/** How long a client may take no byte of a stream, in milliseconds; its connection then ends, and with it its hold of a sandbox. */
export const STALL_MS = 120_000;

/** Answers with text or bytes as they come, at the client's pace; where it takes nothing for `stallMs` the connection is cut. */
export async function sendStream(
  reply: FastifyReply,
  contentType: string,
  chunks: AsyncIterable<string | Uint8Array>,
  stallMs = STALL_MS,
): Promise<FastifyReply> {
  reply.headers({
    'Content-Type': contentType,
    'Cache-Control': 'no-store',
    // Nginx holds answers back otherwise.
    'X-Accel-Buffering': 'no',
  });
  limitIdleClient(reply, stallMs);
  const body = Readable.from(chunks, { objectMode: false, highWaterMark: 65_536 });
  // Whoever sends it hears of an error.
  body.on('error', () => undefined);
  // Begun at once: a generator that nobody has begun ends nothing of what is behind it where its client is gone already.
  body.read(0);
  return await reply.send(body);
}
