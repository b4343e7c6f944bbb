import type { Duplex, Readable } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { SandboxError } from '../../base/errors.ts';
import { endToEnd, type Header, toRecord } from '../../base/message-headers.ts';
import { disconnectSignal } from '../connections/disconnect.ts';
import { bytesOf, hasBody } from '../requests/request-bytes.ts';
import { CLIENT_IDLE_MS, limitIdleClient } from '../streams/client-idle.ts';
import type { Answer } from './answer-handler.ts';
import { ask } from './ask.ts';
import { type ConnectionLease, joinWebSocket } from './join-web-socket.ts';

interface PassedOn {
  /** Path and query, as the server there is asked. */
  readonly target: string;
  readonly headers: readonly Header[];
  /** Connects to that server. */
  connect(): Promise<Duplex>;
  /** The headers that go back to the client. */
  toAnswerHeaders(headers: readonly Header[]): readonly Header[];
  /** Until when the client may use a connection that stays open. */
  lease(): Promise<ConnectionLease>;
}

/** Passes a request on to another server and its answer back, both as they come. Throws `unreachable` where there is no answer. */
export async function passOn(request: FastifyRequest, reply: FastifyReply, passed: PassedOn): Promise<FastifyReply> {
  const left = disconnectSignal(reply);
  const socket = await passed.connect();
  const isWebSocket = request.ws === true && asksForWebSocket(request);
  const answer = await ask(socket, {
    method: request.method,
    target: passed.target,
    headers: passed.headers,
    body: hasBody(request.raw) && !isWebSocket ? bytesOf(request.raw) : null,
    isWebSocket,
    signal: left,
  });
  const headers = passed.toAnswerHeaders(endToEnd(answer.headers));
  if (answer.upgraded) {
    const port = answer.upgraded;
    try {
      return joinWebSocket(request, reply, { port, headers, lease: await passed.lease() });
    } catch (error) {
      // Nobody else has it, and it would hold the sandbox awake.
      port.destroy();
      throw error;
    }
  }
  return sendBack(request, reply, answer, headers);
}

/** Sends an answer back as it comes, but for one that becomes another protocol. */
export function sendBack(
  request: FastifyRequest,
  reply: FastifyReply,
  { status, body }: Extract<Answer, { upgraded: null }>,
  headers: readonly Header[],
): FastifyReply {
  if (status > 599) {
    body.destroy();
    throw new SandboxError(
      'unreachable',
      `The server on this port of the sandbox answered ${status}, which is no status.`,
    );
  }
  reply.code(status).headers(toRecord(headers));
  if (request.method === 'HEAD' || status === 204 || status === 304) {
    body.resume();
    return reply.send();
  }
  if (isWholeIn(body, reply)) return reply.send(body.read());
  // A reader that takes nothing of what waits for it is idle; one that waits for the server there is not.
  body.on('pause', () => limitIdleClient(reply, CLIENT_IDLE_MS));
  body.on('resume', () => limitIdleClient(reply, 0));
  return reply.send(body);
}

/** True where the body came with its head: sending it as one costs less than passing it on. One without a type would be given one. */
function isWholeIn(body: Readable, reply: FastifyReply): boolean {
  if (!reply.hasHeader('content-type')) return false;
  const length = Number(reply.getHeader('content-length') ?? 0);
  return length > 0 && body.readableLength === length;
}

/** The one protocol that a connection may become: others would carry requests that nobody looks at. */
export function asksForWebSocket({ method, headers }: FastifyRequest): boolean {
  return method === 'GET' && headers.upgrade?.trim().toLowerCase() === 'websocket';
}
