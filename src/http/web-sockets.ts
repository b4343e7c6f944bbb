import websocket from '@fastify/websocket';
import type { FastifyInstance } from 'fastify';

/** The longest message from a client, in bytes. */
const MAX_MESSAGE_BYTES = 65_536;

/** Lets routes speak WebSocket, each with the first subprotocol that it has checked. */
export async function registerWebSockets(app: FastifyInstance): Promise<void> {
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
