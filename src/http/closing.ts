import type { FastifyInstance } from 'fastify';
import { SandboxError } from '../errors.ts';

/** Refuses requests that come on an open connection while the app closes, with a sentence; needs `return503OnClosing: false`. */
export function refuseWhileClosing(app: FastifyInstance): void {
  let isClosing = false;
  app.addHook('preClose', (done) => {
    isClosing = true;
    done();
  });
  app.addHook('onRequest', async () => {
    if (isClosing) throw new SandboxError('unavailable', 'The server is being shut down; ask again in a moment.');
  });
}
