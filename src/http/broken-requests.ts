import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';

const BROKEN_REQUEST: Readonly<Record<string, { readonly status: string; readonly sentence: string }>> = {
  ERR_HTTP_REQUEST_TIMEOUT: { status: '408 Request Timeout', sentence: 'The request did not arrive in time.' },
  HPE_INVALID_URL: {
    status: '400 Bad Request',
    sentence: 'The URL holds characters that must be percent-encoded.',
  },
  HPE_HEADER_OVERFLOW: {
    status: '431 Request Header Fields Too Large',
    sentence: 'The URL and the headers are too large together.',
  },
};

/** Answers what never became a request, and ends the connection; what arrived is not repeated, for it may hold a key. */
export function answerBrokenRequest(code: string | undefined, socket: Socket): void {
  if (code === 'ECONNRESET' || socket.destroyed) return;
  const { status, sentence } = BROKEN_REQUEST[code ?? ''] ?? {
    status: '400 Bad Request',
    sentence: 'This is not a valid HTTP request.',
  };
  const body = JSON.stringify({ error: sentence });
  const head = ['Content-Type: application/json', `Content-Length: ${Buffer.byteLength(body)}`, 'Connection: close'];
  if (socket.writable) socket.write(`HTTP/1.1 ${status}\r\n${head.join('\r\n')}\r\n\r\n${body}`);
  socket.destroySoon();
}

/** Refuses, with a sentence, what Node would refuse with an empty answer: an expectation. RFC 9110, section 10.1.1. */
export function refuseExpectations(app: FastifyInstance): void {
  app.server.on('checkExpectation', (_request: IncomingMessage, response: ServerResponse) => {
    const body = JSON.stringify({ error: 'The server knows no expectation but 100-continue.' });
    const head = { 'Content-Type': 'application/json', 'Content-Length': Buffer.byteLength(body), Connection: 'close' };
    response.writeHead(417, head).end(body);
  });
}
