import { z } from 'zod';
import { isSandboxError } from '../../../base/errors.ts';
import type { Terminal, TerminalEvent } from '../../../processes/terminal.ts';
import { terminalSize } from './schemas.ts';

/** The WebSocket subprotocol of terminals. */
export const SUBPROTOCOL = 'clara.tty.v1';

/** Why a WebSocket is closed. RFC 6455, section 7.4.1, and one of our own. */
const CLOSE = { ended: 1000, goingAway: 1001, unsupported: 1003, failed: 1011, tryAgainLater: 1013, forgotten: 4404 };

/** Between two pings of a viewer, in milliseconds, and how many may stay unanswered until it counts as gone. */
const PING_MS = 30_000;
const MAX_UNANSWERED = 4;

/** What is needed of a WebSocket. */
interface Socket {
  ping(): void;
  terminate(): void;
  send(data: string | Buffer, options: { binary: boolean }, done: (error?: Error) => void): void;
  close(code: number, reason?: string): void;
  pause(): void;
  resume(): void;
  on(event: 'message', listener: (data: Buffer | ArrayBuffer | Buffer[], isBinary: boolean) => void): unknown;
  on(event: 'close' | 'error' | 'pong', listener: () => void): unknown;
}

const EXPIRED = [1008, 'The signature is good no more.'] as const;

interface Shown {
  /** Opens the view; its signal ends it. */
  open(signal: AbortSignal): Promise<Terminal>;
  resize(size: z.infer<typeof terminalSize>): Promise<void>;
  /** Raised when the server begins to close. */
  readonly closing: AbortSignal;
  /** Raised when what let the viewer in is good no more; null where that does not end. */
  readonly expires: AbortSignal | null;
}

const control = z.strictObject({ resize: terminalSize });

/** Shows a terminal over a WebSocket until either ends: bytes both ways as binary messages, all else as JSON texts. */
export function showTerminal(socket: Socket, { open, resize, closing, expires }: Shown, pingMs = PING_MS): void {
  endIfGone(socket, pingMs);
  const left = new AbortController();
  socket.on('close', () => left.abort());
  socket.on('error', () => left.abort());
  const opened = open(AbortSignal.any([left.signal, closing, ...(expires ? [expires] : [])]));
  const handle = async (data: Buffer, isBinary: boolean): Promise<void> => {
    if (isBinary) return await (await opened).type(data);
    const message = control.safeParse(parse(data.toString()));
    if (message.success) await resize(message.data.resize);
    else socket.close(CLOSE.unsupported, 'A text must be {"resize": {"rows", "cols"}}.');
  };
  let handled: Promise<unknown> = Promise.resolve();
  let waiting = 0;
  socket.on('message', (data, isBinary) => {
    // What comes meanwhile stays in the client's connection, also while some of what came with this waits.
    socket.pause();
    waiting += 1;
    handled = handled
      .then(() => handle(toBuffer(data), isBinary))
      .catch(() => undefined)
      .then(() => {
        waiting -= 1;
        if (waiting === 0) socket.resume();
      });
  });
  void show(socket, opened).catch((error: unknown) => {
    const [code, reason] = expires?.aborted ? EXPIRED : toClose(error, closing.aborted);
    socket.close(code, reason);
  });
}

/** Ends a view that nobody sees: a viewer that is gone without a word, or reads nothing, would hold its place for ever. */
function endIfGone(socket: Socket, pingMs: number): void {
  let unanswered = 0;
  const timer = setInterval(() => {
    unanswered += 1;
    if (unanswered > MAX_UNANSWERED) socket.terminate();
    else socket.ping();
  }, pingMs);
  const answered = () => {
    unanswered = 0;
  };
  socket.on('pong', answered);
  socket.on('message', answered);
  socket.on('close', () => clearInterval(timer));
}

async function show(socket: Socket, opened: Promise<Terminal>): Promise<void> {
  for await (const event of (await opened).events()) {
    if (event.type === 'output') await send(socket, event.bytes, true);
    else await send(socket, JSON.stringify(toMessage(event)), false);
  }
  socket.close(CLOSE.ended);
}

function toMessage(event: Exclude<TerminalEvent, { type: 'output' }>): Record<string, unknown> {
  switch (event.type) {
    case 'start':
      return { start: { offset: event.offset, rows: event.rows, cols: event.cols } };
    case 'gap':
      return { gap: event.bytes };
    case 'exit':
      return { exit: { exit_code: event.exitCode, signal: event.signal } };
  }
}

/** Resolves when the network has taken it, so that a slow viewer holds up its own view alone. */
function send(socket: Socket, data: string | Buffer, binary: boolean): Promise<void> {
  return new Promise((resolve, reject) => {
    socket.send(data, { binary }, (error) => (error ? reject(error) : resolve()));
  });
}

function toClose(error: unknown, isClosing: boolean): readonly [code: number, reason: string] {
  if (isClosing) return [CLOSE.goingAway, 'The server stops; attach again.'];
  if (isSandboxError(error, 'not_found')) return [CLOSE.forgotten, 'The process was deleted.'];
  if (isSandboxError(error, 'limit')) return [CLOSE.tryAgainLater, error.message];
  return [CLOSE.failed, 'The terminal cannot be shown any more.'];
}

function toBuffer(data: Buffer | ArrayBuffer | Buffer[]): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return Buffer.isBuffer(data) ? data : Buffer.from(data);
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return null;
  }
}
