import type { FastifyInstance } from 'fastify';

const PAGE_TYPE = 'text/html';

/** Answers the root: leads a browser to the documents, and tells others in a sentence where they are. */
export function registerFrontPage(app: FastifyInstance): void {
  app.get('/', { schema: { hide: true } }, async (request, reply) => {
    reply.header('Vary', 'Accept');
    if (acceptsPage(request.headers.accept)) return reply.redirect('/docs');
    return { message: 'This is Clara Sandbox; its API is described at /docs, and as OpenAPI at /docs/json.' };
  });
}

/** True where an Accept header names pages, as browsers' do. RFC 9110, section 12.5.1. */
function acceptsPage(accept = ''): boolean {
  return accept.split(',').some((range) => {
    const [type = '', ...parameters] = range.split(';').map((part) => part.trim().toLowerCase());
    return type === PAGE_TYPE && !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter));
  });
}
