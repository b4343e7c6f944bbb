import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { pipeline } from 'node:stream';
import { endToEnd, type Header, toHeaders, toRecord } from '../../base/message-headers.ts';
import type { Redaction } from './redaction.ts';

/** What the reason of a status may hold: Node reads others, and writes none. */
const REASON = /^[\t\x20-\x7e\x80-\xff]*$/;

/** Passes the answer of a host on, without the values of secrets; one with what is no status is none. */
export function passAnswer(
  request: IncomingMessage,
  answer: IncomingMessage,
  response: ServerResponse,
  redaction: Redaction | null,
): void {
  const status = answer.statusCode ?? 0;
  if (status < 100) {
    answer.destroy();
    refuse(response, 502, 'The host answered with what is no status.');
    return;
  }
  const hasContent = request.method !== 'HEAD' && status !== 204 && status !== 304;
  const coding = answer.headers['content-encoding'] ?? 'identity';
  const isRedacted = redaction !== null && hasContent && coding.toLowerCase() === 'identity';
  const headers = endToEnd(toHeaders(answer.rawHeaders)).filter(
    ([name]) => !(isRedacted && name.toLowerCase() === 'content-length'),
  );
  const clean = (text: string) => redaction?.text(text) ?? text;
  const reason = answer.statusMessage ?? '';
  const ends: readonly Header[] = /\bclose\b/i.test(answer.headers.connection ?? '') ? [['Connection', 'close']] : [];
  response.writeHead(
    status,
    clean(REASON.test(reason) ? reason : ''),
    toRecord([...headers.map(([name, value]): Header => [clean(name), clean(value)]), ...ends]),
  );
  const over = (error: Error | null | undefined) => {
    if (error) response.destroy();
  };
  if (isRedacted) pipeline(answer, redaction.stream(), response, over);
  else pipeline(answer, response, over);
}

/** Two connections, and what came over each behind the heads. */
interface Joined {
  readonly client: Duplex;
  readonly upgradeHead: Buffer | null;
  readonly socket: Duplex;
  readonly head: Buffer;
}

/** Makes one WebSocket of two connections. */
export function joinWebSocket(answer: IncomingMessage, joined: Joined, redaction: Redaction | null): void {
  const { client, upgradeHead, socket, head } = joined;
  const clean = (text: string) => redaction?.text(text) ?? text;
  const lines = toHeaders(answer.rawHeaders).map(([name, value]) => `${clean(name)}: ${clean(value)}\r\n`);
  client.write(Buffer.from(`HTTP/1.1 101 Switching Protocols\r\n${lines.join('')}\r\n`, 'latin1'));
  client.write(head);
  if (upgradeHead) socket.write(upgradeHead);
  pipeline(socket, client, () => client.destroy());
  pipeline(client, socket, () => socket.destroy());
}

/** Answers a request for which nothing was sent, or nothing came back. */
export function refuse(response: ServerResponse, status: number, sentence: string): void {
  if (response.headersSent) return;
  response.writeHead(status, { 'Content-Type': 'text/plain; charset=utf-8', Connection: 'close' });
  response.end(`${sentence}\n`);
}
