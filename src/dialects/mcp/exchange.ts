import { Readable } from 'node:stream';
import type { ReadableStream } from 'node:stream/web';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { limitIdleClient } from '../../http/streams/client-idle.ts';
import { STALL_MS } from '../../http/streams/sending.ts';
import { orSilence } from '../../http/streams/silence.ts';

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

/** When a client that waits for an answer as one gets the begin of a stream instead, and how often that shows that it is alive; in milliseconds. Most proxies cut what is silent for 60 seconds. */
const PATIENCE = { soonMs: 5_000, aliveMs: 15_000 };

/** Sends what the library answers: as it comes if it comes soon, else in a stream that shows until then that it will. */
export async function sendPatiently(
  reply: FastifyReply,
  answer: Promise<Response>,
  { soonMs, aliveMs } = PATIENCE,
): Promise<FastifyReply> {
  const soon = await orSilence(answer, soonMs);
  if (soon) return await sendWebResponse(reply, soon);
  beginStream(reply);
  reply.type('text/event-stream').header('Cache-Control', 'no-cache, no-transform');
  return await reply.send(Readable.from(eventsOf(answer, aliveMs), { objectMode: false }));
}

/** Sends what the library answers, as it comes. */
export async function sendWebResponse(reply: FastifyReply, response: Response): Promise<FastifyReply> {
  for (const [name, value] of response.headers) reply.header(name, value);
  reply.code(response.status);
  if (response.body === null) return await reply.send();
  // As a text, which is sent with its head in one write.
  if (!isStream(response)) return await reply.send(await response.text());
  beginStream(reply);
  return await reply.send(Readable.from(chunksOf(response.body), { objectMode: false }));
}

function isStream({ headers }: Response): boolean {
  return headers.get('content-type')?.startsWith('text/event-stream') ?? false;
}

function beginStream(reply: FastifyReply): void {
  // Nginx holds answers back otherwise.
  reply.header('X-Accel-Buffering', 'no');
  limitIdleClient(reply, STALL_MS);
}

async function* eventsOf(answer: Promise<Response>, aliveMs: number): AsyncGenerator<string | Uint8Array> {
  let response = await orSilence(answer, aliveMs);
  while (response === null) {
    yield ': keepalive\n\n';
    response = await orSilence(answer, aliveMs);
  }
  if (!isStream(response)) yield `event: message\ndata: ${await response.text()}\n\n`;
  else if (response.body) yield* chunksOf(response.body);
}

/** Ends where the library cuts an answer off, as it does when its call is cancelled. */
async function* chunksOf(body: ReadableStream<Uint8Array>): AsyncGenerator<Uint8Array> {
  for await (const chunk of body) yield chunk;
}
