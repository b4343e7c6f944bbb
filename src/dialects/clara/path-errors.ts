import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isPathFault } from '../../files/refusals.ts';
import { InvalidRequest } from '../../http/validation.ts';

/** Has an error of what is at a path name that field of the request, where it has one. */
export function namePaths(app: FastifyInstance): void {
  app.setErrorHandler((error, request) => {
    const part = partOf(request);
    if (!isPathFault(error) || part === null) throw error;
    const { kind: type, message } = error;
    const msg = message.replace(/^path /, '').replace(/\.$/, '');
    throw new InvalidRequest([{ loc: [part, 'path'], msg, type }], message);
  });
}

function partOf({ query, body }: FastifyRequest): 'query' | 'body' | null {
  if (hasPath(query)) return 'query';
  return hasPath(body) ? 'body' : null;
}

function hasPath(fields: unknown): boolean {
  return typeof fields === 'object' && fields !== null && 'path' in fields;
}
