import type { FastifyInstance } from 'fastify';
import { HttpError } from '../errors/http-error.ts';

/** A name or an IPv4 address, or an IPv6 address in brackets, with a port or without. RFC 3986, section 3.2.2. */
const HOST = /^(?:[A-Za-z0-9._~!$&'()*+,;=%-]*|\[[0-9A-Fa-f:.]+\])(?::\d{0,5})?$/;

/**
 * Refuses what a proxy in front could read in another way than this server, so that the two would not speak of the same request: a
 * host that is missing, comes twice or is none, a target with a fragment (RFC 9112, section 3.2), two content types, and bodies in
 * other pieces than chunks.
 */
export function refuseAmbiguousHeads(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { headers, rawHeaders, httpVersion, url } = request.raw;
    // The router would begin the query there, and whoever looks for a question mark would not.
    if (url?.includes('#')) throw broken('The target of a request has no fragment.');
    if (headers.host === undefined) {
      if (httpVersion !== '1.0') throw broken('HTTP/1.1 asks for a Host header.');
    } else if (!HOST.test(headers.host)) {
      throw broken('The Host header is not the name of a host.');
    }
    for (const name of ['Host', 'Content-Type']) {
      if (comesTwice(rawHeaders, name)) throw broken(`The request has two ${name} headers; send one.`);
    }
    const coding = headers['transfer-encoding'];
    if (coding !== undefined && coding.toLowerCase() !== 'chunked') {
      throw broken('The server knows no Transfer-Encoding but chunked.');
    }
    done();
  });
}

/** True where a head has more than one header of this name, of which Node shows only the first or joins them. */
export function comesTwice(rawHeaders: readonly string[], name: string): boolean {
  const lowerCase = name.toLowerCase();
  let count = 0;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const header = rawHeaders[at];
    if (header?.length === name.length && header.toLowerCase() === lowerCase) count += 1;
  }
  return count > 1;
}

/** After it nothing on its connection can be trusted to be a request. */
function broken(sentence: string): HttpError {
  return new HttpError(400, sentence, { headers: { Connection: 'close' } });
}
