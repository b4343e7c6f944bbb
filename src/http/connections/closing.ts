import { setMaxListeners } from 'node:events';
import type { FastifyInstance } from 'fastify';
import { SandboxError } from '../../base/errors.ts';

declare module 'fastify' {
  interface FastifyInstance {
    /** Raised when the server begins to close, for what would wait for ever. */
    closing: AbortSignal;
  }
}

/** Refuses requests that come on an open connection while the app closes, with a sentence; needs `return503OnClosing: false`. */
export function refuseWhileClosing(app: FastifyInstance): void {
  const closing = new AbortController();
  // Every stream that is open listens.
  setMaxListeners(0, closing.signal);
  app.decorate('closing', closing.signal);
  app.addHook('preClose', (done) => {
    closing.abort();
    done();
  });
  app.addHook('onRequest', (_request, _reply, done) => {
    if (closing.signal.aborted)
      throw new SandboxError('unavailable', 'The server is being shut down; ask again in a moment.');
    done();
  });
}
