import type { FastifyInstance } from 'fastify';

/** Reads JSON bodies; an empty body means "no body", whatever its content type says. */
export function registerBodies(app: FastifyInstance): void {
  const parseJson = app.getDefaultJsonParser('remove', 'remove');
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body: string, done) => {
    if (body.trim() === '') done(null, undefined);
    else parseJson(request, body, done);
  });
  app.addHook('onRequest', async (request) => {
    const { headers } = request;
    if (headers['content-length'] === '0') delete headers['content-type'];
  });
}
