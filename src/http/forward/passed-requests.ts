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

/** Leaves the bodies of a scope's requests unread, whatever they call themselves. */
export function leaveBodies(app: FastifyInstance): void {
  app.removeAllContentTypeParsers();
  app.addContentTypeParser('*', (_request, _payload, done) => done(null));
}
