import type { Duplex } from 'node:stream';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Header } from '../../base/message-headers.ts';
import { earlyBytesOf } from '../streams/web-sockets.ts';

/** Between two looks of the kernel whether a silent client is still there, in milliseconds. */
const KEEP_ALIVE_MS = 60_000;

/** How long a client may take none of what waits for it, in milliseconds. */
const STALLED_MS = 60_000;

/** Until when a client may use a connection. */
export interface ConnectionLease {
  /** Raised when it may not any more. */
  readonly ends: AbortSignal;
  /** The same by the clock, in milliseconds from now; null where that has no end. */
  readonly forMs: number | null;
}

interface Joined {
  /** The connection to the server in the sandbox, which has agreed. */
  readonly port: Duplex;
  readonly headers: readonly Header[];
  readonly lease: ConnectionLease;
}

/** Tells a client that its WebSocket is open and carries its bytes as they are, until both ends are done or its time is over. */
export function joinWebSocket(
  request: FastifyRequest,
  reply: FastifyReply,
  { port, headers, lease }: Joined,
): FastifyReply {
  const client = request.raw.socket;
  reply.hijack();
  client.setTimeout(0);
  client.setNoDelay(true);
  client.setKeepAlive(true, KEEP_ALIVE_MS);
  const lines = [
    'HTTP/1.1 101 Switching Protocols',
    'Connection: Upgrade',
    'Upgrade: websocket',
    ...headers.map(([name, value]) => `${name}: ${value}`),
  ];
  client.write(`${lines.join('\r\n')}\r\n\r\n`, 'latin1');
  const early = earlyBytesOf(request.raw);
  if (early.length > 0) port.write(early);
  const { ends, forMs } = lease;
  let timer: NodeJS.Timeout | undefined;
  const end = () => {
    clearTimeout(timer);
    ends.removeEventListener('abort', end);
    client.destroy();
    port.destroy();
  };
  for (const side of [client, port]) side.on('error', end).on('close', end);
  client.on('timeout', end).on('drain', () => client.setTimeout(0));
  carry(client, port);
  carry(port, client, () => client.setTimeout(STALLED_MS));
  if (forMs !== null) timer = setTimeout(end, forMs);
  // A side that is gone already does not say so again.
  if (ends.aborted || client.destroyed || port.destroyed) end();
  else ends.addEventListener('abort', end);
  return reply;
}

/** Carries one way at the pace of its taker, and its end. */
function carry(from: Duplex, to: Duplex, onStalled: () => void = () => undefined): void {
  from.on('data', (chunk: Buffer) => {
    if (to.write(chunk)) return;
    from.pause();
    onStalled();
  });
  to.on('drain', () => from.resume());
  from.on('end', () => to.end());
}
