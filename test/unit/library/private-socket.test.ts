import { once } from 'node:events';
import { fastify } from 'fastify';
import { expect, it } from 'vitest';
import { registerWebSockets } from '../../../src/http/streams/web-sockets.ts';
import { listenPrivately } from '../../../src/library/private-socket.ts';

it('a private server is reached by requests and WebSockets, whatever host they name, and ends both as it closes', async () => {
  const app = fastify();
  await registerWebSockets(app);
  app.get('/echo', { websocket: true }, (socket) => {
    socket.on('message', (data: Buffer) => socket.send(data));
    closing.signal.addEventListener('abort', () => socket.close(1001));
  });
  const closing = new AbortController();
  app.addHook('preClose', async () => closing.abort());
  app.get('/hello', async () => 'hello');
  const { fetch, webSocket, close } = await listenPrivately(app);
  expect(await (await fetch(new Request('http://example.org/hello'))).text()).toBe('hello');
  const socket = webSocket('ws://example.org/echo', ['clara.test']);
  socket.binaryType = 'arraybuffer';
  await once(socket, 'open');
  expect(socket.protocol).toBe('clara.test');
  socket.send(Buffer.from('bytes'));
  const [{ data }] = await once(socket, 'message');
  expect(Buffer.from(data).toString()).toBe('bytes');
  const closed = once(socket, 'close');
  await close();
  const [{ code }] = await closed;
  expect(code).toBe(1001);
});

it('a private server that is closed already closes once more without a word', async () => {
  const { close } = await listenPrivately(fastify());
  await Promise.all([close(), close()]);
  await close();
});
