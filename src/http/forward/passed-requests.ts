import { METHODS } from 'node:http';
import type { FastifyInstance } from 'fastify';

/** Methods that are not for another server: one makes a tunnel, the other sends back what a browser keeps from pages. */
const NOT_PASSED_ON: readonly string[] = ['CONNECT', 'TRACE'];

/** All methods that are passed on; the server learns those that it did not know. */
export function passedMethods(app: FastifyInstance): string[] {
  const methods = METHODS.filter((method) => !NOT_PASSED_ON.includes(method));
  for (const method of methods) {
    if (!app.supportedMethods.includes(method)) app.addHttpMethod(method, { hasBody: true });
  }
  return methods;
}

/** As the framework takes one. */
const MEDIA_TYPE = /^[^\s/;]+\/[^\s/;]+/;

/** Leaves the bodies of a scope's requests unread, whatever they call themselves. */
export function leaveBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
  app.addHook('onRequest', ({ method, headers }, _reply, done) => {
    // What is no media type, or a QUERY without one, is the other server's to judge; it gets the head as it was sent.
    const type = headers['content-type'];
    const isRefused = type === undefined ? method === 'QUERY' : !MEDIA_TYPE.test(type);
    if (isRefused) headers['content-type'] = 'application/octet-stream';
    done();
  });
}
