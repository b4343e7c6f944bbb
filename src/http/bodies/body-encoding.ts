import type { FastifyInstance, FastifyRequest } from 'fastify';
import { HttpError } from '../errors/http-error.ts';
import { hasBody } from '../requests/request-bytes.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True on a route that decompresses its body itself. */
    takesGzip?: boolean;
  }
}

/** Parameters of a media type, of which a quoted one may hold what looks like another. RFC 9110, section 5.6.6. */
const PARAMETER = /;\s*([^\s=;"]+)\s*=\s*("(?:[^"\\]|\\.)*"|[^;]*)/g;

/** Refuses, before any of it is read, a body that is compressed, which would be stored as it came, and JSON in another charset than UTF-8. */
export function refuseEncodedBodies(app: FastifyInstance): void {
  app.addHook('preParsing', (request, _reply, _payload, done) => {
    const { 'content-encoding': coding, 'content-type': type } = request.headers;
    const isDecoded = request.routeOptions.config.takesGzip === true;
    if (coding !== undefined && !isDecoded && isCompressed(coding) && readsBody(request)) throw compressed();
    if (type !== undefined && type !== 'application/json' && !isUtf8(type) && readsBody(request)) throw otherCharset();
    done();
  });
}

/** False where a body is left unread, and does no harm. */
function readsBody({ raw, method, routeOptions }: FastifyRequest): boolean {
  if (method === 'GET' || method === 'HEAD' || routeOptions.config.isPassedOn === true) return false;
  return hasBody(raw) || routeOptions.config.streamsBody === true;
}

function isCompressed(codings: string): boolean {
  return codings.split(',').some((coding) => !['', 'identity'].includes(coding.trim().toLowerCase()));
}

function isUtf8(mediaType: string): boolean {
  for (const [, name = '', value = ''] of mediaType.matchAll(PARAMETER)) {
    if (name.toLowerCase() === 'charset' && !/^"?utf-?8"?$/i.test(value.trim())) return false;
  }
  return true;
}

/** RFC 9110, section 15.5.16. */
function compressed(): HttpError {
  const issue = { loc: ['header', 'content-encoding'], msg: 'must be identity or absent', type: 'content_encoding' };
  const sentence = 'Send the body as it is, without Content-Encoding: nothing is decompressed here.';
  return new HttpError(415, sentence, { issues: [issue], headers: { 'Accept-Encoding': 'identity' } });
}

function otherCharset(): HttpError {
  const issue = { loc: ['header', 'content-type'], msg: 'must have no other charset than utf-8', type: 'charset' };
  return new HttpError(415, 'Send the body as JSON in UTF-8: no other charset is read.', { issues: [issue] });
}
