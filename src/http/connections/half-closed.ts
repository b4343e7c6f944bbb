import { Socket } from 'node:net';
import type { FastifyInstance, FastifyReply } from 'fastify';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True on a route whose clients may close their side of the connection and are answered all the same. */
    answersHalfClosed?: boolean;
  }
}

/** Between two looks of the kernel whether a client that has closed its side is still there, in milliseconds. */
const KEEP_ALIVE_MS = 15_000;

/**
 * Answers clients that have closed their side of the connection before their answer begins, on routes that say so: what is behind a port
 * may be talked with like that. Else whoever closes has left, as Node has it everywhere by default, so that a run ends with its caller,
 * and a stream of events with its reader.
 */
export function answerHalfClosed(app: FastifyInstance): void {
  const latest = new WeakMap<Socket, FastifyReply>();
  Object.assign(app.server, { httpAllowHalfOpen: true });
  app.server.on('connection', (socket: Socket) => {
    socket.on('end', () => {
      const reply = latest.get(socket);
      if (!reply || reply.raw.writableFinished) return;
      const mayListen = reply.request.routeOptions.config.answersHalfClosed && !reply.raw.headersSent;
      if (mayListen) socket.setKeepAlive(true, KEEP_ALIVE_MS);
      else abort(reply, socket);
    });
  });
  app.addHook('onRequest', (request, reply, done) => {
    const { socket } = request.raw;
    // A request that is injected comes over no socket.
    if (socket instanceof Socket) latest.set(socket, reply);
    done();
  });
}

/** As Node does: the request is cut off, and what is written already is sent. */
function abort({ request }: FastifyReply, socket: Socket): void {
  request.raw.destroy(Object.assign(new Error('aborted'), { code: 'ECONNRESET' }));
  if (socket.writable) socket.end();
}
