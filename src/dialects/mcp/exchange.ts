import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { limitIdleClient } from '../../http/client-idle.ts';
import { STALL_MS } from '../../http/streams/sending.ts';

/** Headers of requests that the protocol knows. */
const KNOWN = ['accept', 'content-type', 'mcp-protocol-version', 'mcp-method', 'mcp-name', 'last-event-id'];

/** A request as the library of the protocol takes it, without its body and its key. */
export function toWebRequest({ method, url, headers }: FastifyRequest, signal: AbortSignal): Request {
  const known = KNOWN.flatMap((name) => {
    const value = headers[name];
    return typeof value === 'string' ? [[name, value] as [string, string]] : [];
  });
  // Where it came in is of no use there, and what Host says may be no URL.
  return new Request(new URL(url.replace(/^\/{2,}/, '/'), 'http://sandbox.invalid'), {
    method,
    headers: known,
    signal,
  });
}

/** Sends what the library answers, as it comes. */
export async function sendWebResponse(reply: FastifyReply, response: Response): Promise<FastifyReply> {
  for (const [name, value] of response.headers) reply.header(name, value);
  reply.code(response.status);
  if (response.body === null) return await reply.send();
  if (!response.headers.get('content-type')?.startsWith('text/event-stream')) {
    return await reply.send(Buffer.from(await response.arrayBuffer()));
  }
  // Nginx holds answers back otherwise.
  reply.header('X-Accel-Buffering', 'no');
  limitIdleClient(reply, STALL_MS);
  return await reply.send(Readable.from(chunksOf(response.body), { objectMode: false }));
}

/** Ends where the library cuts an answer off, as it does when its call is cancelled. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) yield chunk;
}
