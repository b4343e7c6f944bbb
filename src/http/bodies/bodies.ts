import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { noteBody } from '../idempotency/idempotency-key.ts';
import { refuseEncodedBodies } from './body-encoding.ts';
import { JsonThreads, notUtf8 } from './json-thread.ts';

/** From this size on JSON is parsed beside the event loop, which a hostile text of 64 MiB would hold up for many seconds. */
const LARGE_BYTES = 2 ** 20;

/** Reads JSON bodies; an empty body means "no body", whatever its content type says. */
export function registerBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('remove', 'remove');
  const threads = new JsonThreads();
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (request, body: Buffer<ArrayBuffer>, done) => {
    noteBody(request, body);
    if (body.length >= LARGE_BYTES) {
      threads.parse(body).then(
        (value) => done(null, value),
        (error: Error) => done(error),
      );
      return;
    }
    if (!isUtf8(body)) {
      done(notUtf8());
      return;
    }
    const text = body.toString();
    if (text.trim() === '') done(null, undefined);
    else parseJson(request, text, done);
  });
  refuseEncodedBodies(app);
  app.addHook('onRequest', ({ headers }, _reply, done) => {
    if (headers['content-length'] === '0') delete headers['content-type'];
    done();
  });
  app.addHook('onClose', () => threads.close());
}
