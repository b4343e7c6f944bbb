import { once } from 'node:events';
import { type AddressInfo, connect } from 'node:net';
import { type FastifyInstance, fastify } from 'fastify';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { disconnectSignal } from '../../../../src/http/connections/disconnect.ts';
import { limitIdleClient } from '../../../../src/http/streams/client-idle.ts';
import { type StreamEvent, sendEvents } from '../../../../src/http/streams/events.ts';

let app: FastifyInstance;
beforeEach(() => {
  app = fastify();
});
afterEach(() => app.close());

it('a client that moves no byte for too long loses its connection, and the work for it is told', async () => {
  const ended = new Promise<void>((resolve) => {
    app.put('/', (_request, reply) => {
      limitIdleClient(reply, 20);
      disconnectSignal(reply).addEventListener('abort', () => resolve());
    });
  });
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  await app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.write('PUT / HTTP/1.1\r\nHost: x\r\nContent-Length: 10\r\n\r\n12345');
  await once(socket, 'close');
  await ended;
  expect(app.server.listening).toBe(true);
});

it('a client that takes nothing of a stream loses its connection, and its events are asked for no more', async () => {
  const ended = new Promise<void>((resolve) => {
    async function* endless(): AsyncGenerator<StreamEvent> {
      try {
        for (let id = 1; ; id += 1) yield { id, event: 'stdout', data: { text: 'x'.repeat(65_536) } };
      } finally {
        resolve();
      }
    }
    app.get('/events', async (_request, reply) => await sendEvents(reply, 'ndjson', endless(), 20));
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.pause();
  socket.write('GET /events HTTP/1.1\r\nHost: x\r\n\r\n');
  await ended;
  socket.destroy();
});

it('the events for a client who has left before the first one came are ended', async () => {
  const ended = new Promise<void>((resolve) => {
    async function* late(left: Promise<unknown>): AsyncGenerator<StreamEvent> {
      try {
        await left;
        yield { id: 1, event: 'stdout', data: { text: 'x' } };
        yield { id: 2, event: 'stdout', data: { text: 'y' } };
      } finally {
        resolve();
      }
    }
    app.get('/late', async (_request, reply) => await sendEvents(reply, 'sse', late(once(reply.raw, 'close'))));
  });
  await app.listen({ host: '127.0.0.1', port: 0 });
  const asked = once(app.server, 'request');
  const socket = connect((app.server.address() as AddressInfo).port, '127.0.0.1');
  socket.write('GET /late HTTP/1.1\r\nHost: x\r\n\r\n');
  await asked;
  socket.destroy();
  await ended;
  expect(app.server.listening).toBe(true);
});
