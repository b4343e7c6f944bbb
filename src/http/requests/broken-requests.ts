import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import type { HttpProblem } from '../errors/errors.ts';
import { HttpError } from '../errors/http-error.ts';

interface Refusal {
  readonly status: number;
  readonly phrase: string;
  readonly sentence: string;
}

const BROKEN: Refusal = { status: 400, phrase: 'Bad Request', sentence: 'This is not a valid HTTP request.' };

const REFUSALS: Readonly<Record<string, Refusal>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: 408, phrase: 'Request Timeout', sentence: 'The request did not arrive in time.' },
  HPE_INVALID_URL: { ...BROKEN, sentence: 'The URL holds characters that must be percent-encoded.' },
  HPE_HEADER_OVERFLOW: {
    status: 431,
    phrase: 'Request Header Fields Too Large',
    sentence: 'The URL and the headers are too large together.',
  },
};

/**
 * Answers what never became a request with the body that `render` makes, ends the connection, and returns the status; null where
 * nobody hears it. What arrived is not repeated, for it may hold a key.
 */
export function answerBrokenRequest(
  code: string | undefined,
  socket: Socket,
  render: (problem: HttpProblem) => object,
): number | null {
  if (code === 'ECONNRESET' || socket.destroyed) return null;
  const { status, phrase, sentence } = REFUSALS[code ?? ''] ?? BROKEN;
  const body = JSON.stringify(render({ status, kind: 'invalid', message: sentence, issues: [] }));
  const head = ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close'];
  if (socket.writable) socket.write(`HTTP/1.1 ${status} ${phrase}\r\n${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
  return status;
}

/** Refuses, with a sentence, what Node would refuse with an empty answer: an expectation. RFC 9110, section 10.1.1. */
export function refuseExpectations(app: FastifyInstance): void {
  app.server.on('checkExpectation', (request: IncomingMessage, response: ServerResponse) => {
    app.server.emit('request', request, response);
  });
  app.addHook('onRequest', ({ raw }, _reply, done) => {
    const { expect } = raw.headers;
    if (expect === undefined || /^100-continue$/i.test(expect) || raw.httpVersion === '1.0') return done();
    const sentence = 'The server knows no expectation but 100-continue.';
    throw new HttpError(417, sentence, { headers: { Connection: 'close' } });
  });
}
