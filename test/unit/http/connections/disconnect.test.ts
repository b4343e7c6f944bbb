import { once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import { type AddressInfo, connect } from 'node:net';
import type { FastifyReply } from 'fastify';
import { expect, it } from 'vitest';
import { disconnectSignal } from '../../../../src/http/connections/disconnect.ts';

/** The answer to a client who has sent a whole request and left since; closes what it was sent to. */
async function answerToNobody(): Promise<ServerResponse> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect((server.address() as AddressInfo).port, '127.0.0.1');
  client.write('GET / HTTP/1.1\r\nHost: localhost\r\n\r\n');
  const [, response]: [unknown, ServerResponse] = (await once(server, 'request')) as never;
  const closed = once(response, 'close');
  client.destroy();
  await closed;
  server.close();
  return response;
}

const toReply = (raw: ServerResponse) => ({ raw }) as FastifyReply;

it('a client who has gone before somebody asks is gone', async () => {
  const response = await answerToNobody();
  expect(disconnectSignal(toReply(response)).aborted).toBe(true);
});

it('a client who has his whole answer is not gone', async () => {
  const server = createServer((_, response) => response.end('all')).listen(0, '127.0.0.1');
  await once(server, 'listening');
  const asked = once(server, 'request');
  await (await fetch(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`)).text();
  const [, response]: [unknown, ServerResponse] = (await asked) as never;
  if (!response.closed) await once(response, 'close');
  expect(disconnectSignal(toReply(response)).aborted).toBe(false);
  server.close();
});
