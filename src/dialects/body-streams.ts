import type { FastifyReply, FastifyRequest } from 'fastify';
import { disconnectSignal } from '../http/connections/disconnect.ts';
import { bytesOf } from '../http/requests/request-bytes.ts';
import { CLIENT_IDLE_MS, limitIdleClient } from '../http/streams/client-idle.ts';
import { InvalidRequest } from '../http/validation/validation.ts';

/** How a body is streamed in either direction: as long as both sides move it, until the client leaves. */
export function toStream(reply: FastifyReply): { readonly signal: AbortSignal } {
  limitIdleClient(reply, CLIENT_IDLE_MS);
  return { signal: disconnectSignal(reply) };
}

/** The bytes of a request, after which the client may wait for its answer as long as it takes. */
export function toChunks(request: FastifyRequest, reply: FastifyReply): AsyncIterable<Buffer> {
  // From then on it is the sandbox that works.
  request.raw.once('end', () => limitIdleClient(reply, 0));
  return bytesOf(request.raw);
}

/** Throws for an upload that says to be a part: it would take the place of the whole. RFC 9110, section 14.5. */
export function refuseParts(request: FastifyRequest): void {
  if (request.headers['content-range'] === undefined) return;
  const msg = 'must be absent: what is uploaded is taken for the whole';
  throw new InvalidRequest([{ loc: ['header', 'content-range'], msg, type: 'content_range' }]);
}
