import { Socket } from 'node:net';
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';

/**
 * Resets the connection where a streamed answer fails and nothing but the connection's end would be the end of the answer, as with
 * HTTP/1.0: closed in order, it would pass for complete. With chunks or a length their absence says so.
 */
export function resetCutAnswers(app: FastifyInstance): void {
  app.addHook('onSend', (_request, reply, payload, done) => {
    if (!(payload instanceof Readable)) return done();
    const { raw } = reply;
    payload.once('error', () => {
      const isDelimited = raw.chunkedEncoding || raw.hasHeader('content-length');
      if (raw.headersSent && !isDelimited && raw.socket instanceof Socket) raw.socket.resetAndDestroy();
    });
    done();
  });
}
