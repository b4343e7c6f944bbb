import { text } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { duplexPair } from '../../../../src/async/duplex-pair.ts';
import { ask } from '../../../../src/http/forward/ask.ts';

it('an answer that ends before its length is no fault of this server: whoever reads it hears of a server that cannot be reached', async () => {
  const [near, far] = duplexPair();
  far.once('data', () => far.end('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\nno more'));
  const { signal } = new AbortController();
  const answer = await ask(near, { method: 'GET', target: '/', headers: [], body: null, isWebSocket: false, signal });
  if (!answer.body) throw new Error('The answer has no body.');
  await expect(text(answer.body)).rejects.toMatchObject({ kind: 'unreachable' });
});

it('nothing is asked for a client who has left while the server was connected to, whose connection ends', async () => {
  const [near, far] = duplexPair();
  const heard: string[] = [];
  far.on('data', (chunk: Buffer) => heard.push(String(chunk)));
  const signal = AbortSignal.abort();
  const asked = ask(near, { method: 'GET', target: '/', headers: [], body: null, isWebSocket: true, signal });
  await expect(asked).rejects.toMatchObject({ kind: 'unreachable' });
  expect([near.destroyed, heard]).toEqual([true, []]);
});
