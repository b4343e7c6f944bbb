import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Transfer } from '../../../files/files.ts';
import { limitIdleClient } from '../../../http/client-idle.ts';
import { disconnectSignal } from '../../../http/disconnect.ts';
import { bytesOf } from '../../../http/request-bytes.ts';
import { InvalidRequest } from '../../../http/validation.ts';
import type { ClaraOptions } from '../executions/routes.ts';

/** How long a sandbox may move no byte while it is the one that is waited for, in milliseconds; less than a client may. */
const AGENT_IDLE_MS = 30_000;

/** The same for the client, whose connection then ends. */
const CLIENT_IDLE_MS = 60_000;

/** What the routes need that stream bodies. */
export interface TransferRoutesOptions extends ClaraOptions {
  /** Hears of all bytes that pass, in either direction. */
  readonly onBytes: (bytes: number) => void;
}

/** How a body is moved in either direction as long as both sides move it; `onBytes` hears of all that passes. */
export function toTransfer(reply: FastifyReply, onBytes: (bytes: number) => void): Transfer {
  limitIdleClient(reply, CLIENT_IDLE_MS);
  return { idleMs: AGENT_IDLE_MS, signal: disconnectSignal(reply), onBytes };
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
