import type { FastifyReply } from 'fastify';
import type { StreamFormat } from './format.ts';
import { toJsonLine } from './json-line.ts';
import { STALL_MS, sendStream } from './sending.ts';
import { orSilence } from './silence.ts';

/** How long a stream is silent at most, in milliseconds: proxies close what says nothing, and a client that reads moves a byte with each ping. */
const PING_MS = 15_000;

/** Something that a client hears of; `id` where it may ask for what follows. */
export interface StreamEvent {
  readonly id?: number;
  readonly event: string;
  readonly data: Readonly<Record<string, unknown>>;
}

const CONTENT_TYPE: Readonly<Record<StreamFormat, string>> = {
  sse: 'text/event-stream; charset=utf-8',
  ndjson: 'application/x-ndjson; charset=utf-8',
};

/** Says that the stream is alive, and nothing else. */
export const PING: StreamEvent = { event: 'ping', data: {} };

/** An event as this format writes it. */
export function toText(format: StreamFormat, { id, event, data }: StreamEvent): string {
  if (event === PING.event && format === 'sse') return ': ping\n\n';
  if (format === 'ndjson') return toJsonLine(JSON.stringify({ ...(id === undefined ? {} : { id }), event, ...data }));
  return `${id === undefined ? '' : `id: ${id}\n`}event: ${event}\ndata: ${toJsonLine(JSON.stringify(data))}\n`;
}

/**
 * Answers with events as they come, at the client's pace. What fails before the first one is an ordinary error; later the connection
 * is cut, so that nobody takes a part for the whole. So it is where the client takes nothing for `stallMs`.
 */
export async function sendEvents(
  reply: FastifyReply,
  format: StreamFormat,
  events: AsyncGenerator<StreamEvent>,
  stallMs = STALL_MS,
): Promise<FastifyReply> {
  const first = await events.next();
  if (first.done) return reply.code(204).send();
  return await sendStream(reply, CONTENT_TYPE[format], write(format, first.value, events), stallMs);
}

async function* write(
  format: StreamFormat,
  first: StreamEvent,
  events: AsyncGenerator<StreamEvent>,
): AsyncGenerator<string> {
  try {
    yield toText(format, first);
    let next = events.next();
    for (;;) {
      const result = await orSilence(next, PING_MS);
      if (result === null) yield toText(format, PING);
      else if (result.done) return;
      else {
        yield toText(format, result.value);
        next = events.next();
      }
    }
  } finally {
    await events.return(undefined);
  }
}
