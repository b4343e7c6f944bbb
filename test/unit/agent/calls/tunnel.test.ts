import { type Duplex, duplexPair } from 'node:stream';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { startProcess } from '../../../../src/agent/calls/processes.ts';
import { openTunnel } from '../../../../src/agent/calls/tunnel.ts';
import { encodeJson, FRAME } from '../../../../src/agent/wire/codec.ts';
import { AgentConnection } from '../../../../src/agent/wire/connection.ts';
import { encodeFrame } from '../../../support/frames.ts';

let peer: Duplex;
let connection: AgentConnection;

const send = (...parts: Parameters<typeof encodeFrame>) => peer.write(encodeFrame(...parts));

beforeEach(async () => {
  const [near, far] = duplexPair();
  peer = far;
  far.resume();
  far.on('error', () => undefined);
  connection = new AgentConnection(near);
  const hello = { protocol: 1, hash: 'h', pid: 1, boot: 'b', python: '3.11', resumed: false };
  send(FRAME.HELLO, 0, 0, encodeJson(hello));
  await connection.hello;
});

afterEach(() => connection.close(new Error('The test is over.')));

it('a connection to a port that the agent ends before it says that there is one is none', async () => {
  const opened = openTunnel(connection, 8000);
  send(FRAME.RESULT, 1, 0, encodeJson({}));
  await expect(opened).rejects.toMatchObject({ code: 'internal' });
});

it('what does not fit into one frame is too large, and no fault of the server', async () => {
  const argv = ['echo', ...Array.from({ length: 16 }, () => 'x'.repeat(100_000))];
  const options = { about: {}, hasCaller: false, most: 8, timeoutMs: 0 };
  await expect(startProcess(connection, { program: 'argv', argv }, options)).rejects.toMatchObject({
    kind: 'too_large',
  });
  expect(connection.isOpen).toBe(true);
});
