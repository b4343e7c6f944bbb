import cors from '@fastify/cors';
import type { FastifyInstance, FastifyRequest } from 'fastify';

/** Seconds for which a browser may remember that an origin is allowed. */
const PREFLIGHT_SECONDS = 7200;

/** What a page of another origin may read beside the body. */
const EXPOSED_HEADERS = [
  'Accept-Ranges',
  'Content-Disposition',
  'Content-Range',
  'ETag',
  'Idempotent-Replayed',
  'Retry-After',
  'Warning',
  'X-Next-Token',
  'X-Request-Id',
  'X-Total-Running',
];

/** The policy of the pages below /docs: their own scripts and styles; a page in a frame could be made to click. */
export const DOCS_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self' 'unsafe-inline'",
  "img-src 'self' data:",
  "font-src 'self'",
  "connect-src 'self'",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ');

/** What keeps a browser from taking an answer for more than it is. Whether a name is reached by HTTPS alone is for the proxy in front to promise. */
const HEADERS = {
  'content-security-policy': "default-src 'none';frame-ancestors 'none'",
  'cross-origin-opener-policy': 'same-origin',
  'origin-agent-cluster': '?1',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
  'x-dns-prefetch-control': 'off',
  'x-download-options': 'noopen',
  'x-frame-options': 'SAMEORIGIN',
  'x-permitted-cross-domain-policies': 'none',
  'x-xss-protection': '0',
};

/** Gives every answer but those of previews these headers; pages of other origins may call the API only where `origins` names theirs. */
export async function registerSecurityHeaders(app: FastifyInstance, origins: readonly string[]): Promise<void> {
  const headers = { ...HEADERS, 'cross-origin-resource-policy': origins.length > 0 ? 'cross-origin' : 'same-origin' };
  app.addHook('onRequest', (request, reply, done) => {
    if (request.routeOptions.config.isPreview !== true) reply.headers(headers);
    done();
  });
  if (origins.length === 0) return;
  const options = {
    origin: origins.includes('*') ? '*' : [...origins],
    methods: ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE'],
    exposedHeaders: EXPOSED_HEADERS,
    maxAge: PREFLIGHT_SECONDS,
  };
  await app.register(cors, {
    delegator: (request, callback) => callback(null, { ...options, preflight: isPreflight(request) }),
  });
}

/** False for an OPTIONS that asks after an address, which is not for CORS to answer. */
function isPreflight({ headers }: FastifyRequest): boolean {
  return headers.origin !== undefined && headers['access-control-request-method'] !== undefined;
}
