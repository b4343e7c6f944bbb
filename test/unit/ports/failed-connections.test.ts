import { EventEmitter } from 'node:events';
import { PassThrough } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { expect, it } from 'vitest';
import { duplexPair } from '../../../src/async/duplex-pair.ts';
import { passOn } from '../../../src/http/forward/pass-on.ts';
import { Peers } from '../../../src/ports/peers.ts';
import type { Networks } from '../../../src/sandboxes/networks.ts';

const UNREADABLE = new Error('The record cannot be read.');

it('a connection to a peer ends where nobody can tell whether the two are still connected', async () => {
  const stream = new PassThrough();
  const areConnected = async () => {
    throw UNREADABLE;
  };
  const networks = { peerOf: async () => ({ id: 'peer' }), areConnected } as unknown as Networks;
  const connect = await new Peers(networks, { connect: async () => stream }).find('one', 'peer');
  await expect(connect?.(8000)).rejects.toBe(UNREADABLE);
  expect(stream.destroyed).toBe(true);
});

it('a WebSocket of a port ends where nobody can tell how long its client may use it', async () => {
  const [near, far] = duplexPair();
  far.once('data', () =>
    far.write('HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n'),
  );
  const headers = { connection: 'Upgrade', upgrade: 'websocket' };
  const request = { ws: true, method: 'GET', headers, raw: { headers } } as unknown as FastifyRequest;
  const reply = { raw: Object.assign(new EventEmitter(), { closed: false }) } as unknown as FastifyReply;
  const passed = passOn(request, reply, {
    ...{ target: '/', headers: [], connect: async () => near, toAnswerHeaders: () => [] },
    lease: async () => {
      throw UNREADABLE;
    },
  });
  await expect(passed).rejects.toBe(UNREADABLE);
  expect(near.destroyed).toBe(true);
});
