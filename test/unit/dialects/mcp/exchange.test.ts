import fastify, { type FastifyInstance } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { createDeferred } from '../../../../src/async/deferred.ts';
import { sendPatiently } from '../../../../src/dialects/mcp/exchange.ts';

const RESULT = '{"jsonrpc":"2.0","id":1,"result":{}}';
const asJson = () => new Response(RESULT, { headers: { 'content-type': 'application/json' } });
const asEvents = () =>
  new Response('event: message\ndata: 1\n\n', { headers: { 'content-type': 'text/event-stream' } });
const asNothing = () => new Response(null, { headers: { 'content-type': 'text/event-stream' } });

let app: FastifyInstance;

afterEach(async () => {
  await app.close();
});

/** What a client hears, by pieces, of an answer that comes once it has heard N. */
async function hear(response: Response, pieces: number): Promise<{ type: string | null; heard: string }> {
  const answer = createDeferred<Response>();
  app = fastify();
  app.get('/', (_request, reply) =>
    sendPatiently(reply, answer.promise, { soonMs: pieces === 0 ? 60_000 : 1, aliveMs: 1 }),
  );
  const url = await app.listen({ host: '127.0.0.1', port: 0 });
  if (pieces === 0) answer.resolve(response);
  const { headers, body } = await fetch(url);
  let [heard, left] = ['', pieces];
  for await (const piece of body ?? []) {
    heard += Buffer.from(piece).toString();
    left -= 1;
    if (left === 0) answer.resolve(response);
  }
  return { type: headers.get('content-type'), heard };
}

describe('an answer of MCP', () => {
  it('that comes soon is sent as it is', async () => {
    expect(await hear(asJson(), 0)).toEqual({ type: 'application/json; charset=utf-8', heard: RESULT });
  });

  it.each([
    ['one JSON', asJson(), `event: message\ndata: ${RESULT}\n\n`],
    ['a stream', asEvents(), 'event: message\ndata: 1\n\n'],
    ['none, as its call was cut off', asNothing(), ''],
  ])('that comes late is a stream which shows that it will come: %s', async (_what, response, end) => {
    const { type, heard } = await hear(response, 3);
    expect(type).toBe('text/event-stream');
    expect(heard.replace(/^(: keepalive\n\n)+/, '')).toBe(end);
    expect(heard.split(': keepalive').length).toBeGreaterThan(3);
  });

  it('that was cut off soon is an empty stream', async () => {
    expect(await hear(asNothing(), 0)).toEqual({ type: 'text/event-stream', heard: '' });
  });
});
