import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { FastifyReply } from 'fastify';
import { expect, it } from 'vitest';
import { OpenRequests } from '../../../src/gateway/open-requests.ts';

it('a request whose client has gone before it is asked over there is ended, and forgotten', async () => {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [, raw]: [unknown, ServerResponse] = (await once(server, 'request')) as never;
  const closed = once(raw, 'close');
  client.destroy();
  await closed;
  server.close();
  const ending = new AbortController();
  const cutoff = new OpenRequests(ending.signal).add({ raw } as FastifyReply);
  ending.abort(new Error('The server closes.'));
  expect([cutoff.isRaised, cutoff.reason]).toEqual([true, new Error('The client went away.')]);
});
