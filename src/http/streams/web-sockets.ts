import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';

/** The longest message from a client, in bytes. */
const MAX_MESSAGE_BYTES = 65_536;

/** What came with the heads of requests for a WebSocket. */
const EARLY = new WeakMap<IncomingMessage, Buffer>();

const NOTHING = Buffer.alloc(0);

/** The bytes that a client has sent behind its request for a WebSocket without waiting for the answer. */
export function earlyBytesOf(request: IncomingMessage): Buffer {
  return EARLY.get(request) ?? NOTHING;
}

/** Lets routes speak WebSocket, each with the first subprotocol that it has checked. */
export async function registerWebSockets(app: FastifyInstance): Promise<void> {
  app.server.on('upgrade', (request: IncomingMessage, _socket: Socket, head: Buffer) => EARLY.set(request, head));
  await app.register(websocket, {
    options: {
      maxPayload: MAX_MESSAGE_BYTES,
      perMessageDeflate: false,
      handleProtocols: (protocols: Set<string>) => [...protocols].find((name) => name.startsWith('clara.')) ?? false,
    },
    // Routes close what they have opened, with a code that says why.
    preClose: (done: () => void) => done(),
  });
}
