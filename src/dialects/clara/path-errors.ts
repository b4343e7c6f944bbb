import type { FastifyInstance, FastifyRequest } from 'fastify';
import { isPathFault } from '../../files/refusals.ts';
import { InvalidRequest } from '../../http/validation/validation.ts';

/** Has an error of what is at a path name that field of the request, where it has one. */
export function namePaths(app: FastifyInstance): void {
  app.setErrorHandler((error, request) => {
    if (!isPathFault(error)) throw error;
    const loc = placeOf(request, error.field ?? 'path');
    if (loc === null) throw error;
    const { kind: type, message } = error;
    const msg = message.replace(/^path /, '').replace(/\.$/, '');
    throw new InvalidRequest([{ loc, msg, type }], message);
  });
}

/** Where a request has a path of this name, as text or as bytes; null where it has none. */
function placeOf({ query, body }: FastifyRequest, name: string): readonly string[] | null {
  for (const [part, fields] of Object.entries({ query, body })) {
    for (const field of [name, `${name}_base64`]) {
      if (hasField(fields, field)) return [part, field];
    }
  }
  return null;
}

function hasField(fields: unknown, name: string): boolean {
  return typeof fields === 'object' && fields !== null && Object.hasOwn(fields, name);
}
