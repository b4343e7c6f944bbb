import type { FastifyInstance } from 'fastify';
import { InvalidRequest } from './validation.ts';

/** What is wrong with a part of a URL that cannot be decoded. */
export const NOT_ENCODED = 'is not valid percent-encoding';

/** Refuses a query that is not valid percent-encoding, which would be taken as it stands, as the router refuses such a path. */
export function requireValidQueries(app: FastifyInstance): void {
  app.addHook('onRequest', ({ raw, routeOptions }, _reply, done) => {
    if (routeOptions.config.isPassedOn === true) return done();
    const { url = '' } = raw;
    const start = url.indexOf('?');
    if (start >= 0 && !isDecodable(url.slice(start))) {
      throw new InvalidRequest([{ loc: ['query'], msg: NOT_ENCODED, type: 'invalid' }], `The URL ${NOT_ENCODED}.`);
    }
    done();
  });
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
