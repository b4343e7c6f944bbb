import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { Client, errors } from 'undici';
import { isSandboxError, SandboxError } from '../../base/errors.ts';
import type { Header } from '../../base/message-headers.ts';
import { type Answer, AnswerHandler } from './answer-handler.ts';

/** Until the head of an answer is there, in milliseconds. */
const HEAD_MS = 300_000;

/** The longest head of an answer, in bytes. */
const MAX_HEAD_BYTES = 65_536;

/** Every request has a connection of its own, so that only the path counts. */
const ANY_ORIGIN = 'http://sandbox.invalid';

interface Asked {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  readonly headers: readonly Header[];
  readonly body: AsyncIterable<Buffer> | null;
  /** True where the connection is to become a WebSocket. */
  readonly isWebSocket: boolean;
  /** Raised when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
}

/** Sends one request over a connection, which ends with the answer; throws `unreachable` where what comes back is no answer. */
export async function ask(socket: Duplex, asked: Asked): Promise<Answer> {
  const handler = new AnswerHandler();
  let isTaken = false;
  const client = new Client(ANY_ORIGIN, {
    connect: (_options, callback) => {
      if (isTaken || socket.destroyed) return callback(socket.errored ?? new Error('The connection is over.'), null);
      isTaken = true;
      // undici reads and writes it as a stream, asks for nothing that a socket alone has, and goes on only where it had to wait.
      queueMicrotask(() => callback(null, socket as Socket));
    },
    headersTimeout: HEAD_MS,
    // A stream of events may be silent for as long as its reader waits.
    bodyTimeout: 0,
    maxHeaderSize: MAX_HEAD_BYTES,
  });
  const abort = () => {
    handler.abort(new Error('The client went away.'));
    socket.destroy();
  };
  asked.signal.addEventListener('abort', abort, { once: true });
  try {
    // It may have been while the connection was made, which takes as long as a sandbox that wakes.
    if (asked.signal.aborted) throw new Error('The client went away.');
    client.dispatch(
      {
        method: asked.method as 'GET',
        path: asked.target,
        headers: asked.headers.flat(),
        body: asked.body as never,
        upgrade: asked.isWebSocket ? 'websocket' : null,
        reset: true,
      },
      handler,
    );
    const answer = await handler.answer;
    const source = answer.upgraded ?? answer.body;
    source.once('close', () => asked.signal.removeEventListener('abort', abort));
    return answer;
  } catch (cause) {
    asked.signal.removeEventListener('abort', abort);
    socket.destroy();
    throw isSandboxError(cause) ? cause : new SandboxError('unreachable', toSentence(cause), { cause });
  }
}

function toSentence(cause: unknown): string {
  if (cause instanceof errors.HeadersTimeoutError) {
    return `The server on this port of the sandbox did not answer within ${HEAD_MS / 1000} seconds.`;
  }
  if (cause instanceof errors.HTTPParserError) return 'What listens on this port of the sandbox speaks no HTTP.';
  if (cause instanceof errors.HeadersOverflowError) return 'The head of the answer from this port is too large.';
  if (cause instanceof errors.InvalidArgumentError) return 'The request cannot be passed on to this port as it is.';
  return 'The server on this port of the sandbox ended the connection without an answer.';
}
