import type { FastifyInstance, FastifyRequest } from 'fastify';
import { SandboxError } from '../../base/errors.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True on a route of a preview, which is another site than the API. */
    isPreview?: boolean;
    /** True on a route whose requests are another server's: nothing of them is for this one to judge. */
    isPassedOn?: boolean;
    /** False on a route to which the API's permissions for pages do not apply. */
    cors?: false;
  }
}

/**
 * Refuses what a page of another origin asks with what the browser adds by itself: Basic, or a cookie. Such a request acts for somebody
 * who does not know of it. Pages of the origins in `permitted` may; `*` names none.
 */
export function refuseForeignPages(app: FastifyInstance, permitted: readonly string[]): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { origin } = request.headers;
    if (origin === undefined || !showsAmbientCredentials(request) || request.routeOptions.config.isPreview === true)
      return done();
    if (permitted.includes(origin) || isOwnOrigin(request)) return done();
    throw new SandboxError('forbidden', 'A page of another origin may not use what the browser knows of this server.');
  });
}

/** True where a page of another origin asks, by the headers that browsers send; what is no browser says nothing of it. */
export function isForeignPage(request: FastifyRequest): boolean {
  const { origin, 'sec-fetch-site': site, 'sec-fetch-mode': mode } = request.headers;
  if (origin !== undefined && !isOwnOrigin(request)) return true;
  const isVisit = mode === 'navigate' && (request.method === 'GET' || request.method === 'HEAD');
  return (site === 'cross-site' || site === 'same-site') && !isVisit;
}

/** True for what browsers send without being asked by a page. */
export function showsAmbientCredentials(request: FastifyRequest): boolean {
  return request.headers.cookie !== undefined || showsBasic(request);
}

/** True for what browsers remember of a name and a password. */
export function showsBasic({ headers }: FastifyRequest): boolean {
  return /^basic /i.test(headers.authorization ?? '');
}

/** The scheme does not count: behind a proxy nobody knows it. */
function isOwnOrigin({ headers: { origin = '' }, host }: FastifyRequest): boolean {
  return URL.canParse(origin) && hostOf(origin) === hostOf(`${new URL(origin).protocol}//${host}`);
}

function hostOf(url: string): string | null {
  return URL.canParse(url) ? new URL(url).host : null;
}
