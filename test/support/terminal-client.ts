import { WebSocket } from 'ws';
import { createDeferred } from '../../src/async/deferred.ts';

/** A viewer of a terminal, as any WebSocket client is. */
export interface TerminalClient {
  /** The JSON texts that came. */
  readonly told: Record<string, unknown>[];
  /** All that came of the output. */
  seen(): string;
  /** Resolves when the output has this text. */
  until(text: string): Promise<void>;
  type(text: string): void;
  tell(message: unknown): void;
  /** Resolves with the code of the close. */
  readonly closed: Promise<number>;
  leave(): void;
}

/** Attaches to a terminal; rejects with the status where the server does not upgrade. */
export async function attach(url: string, headers: Readonly<Record<string, string>>): Promise<TerminalClient> {
  const socket = new WebSocket(url.replace(/^http/, 'ws'), ['clara.tty.v1'], { headers });
  const pieces: Buffer[] = [];
  const told: Record<string, unknown>[] = [];
  const closed = createDeferred<number>();
  let wake = createDeferred<void>();
  socket.on('message', (data: Buffer, isBinary) => {
    if (isBinary) pieces.push(data);
    else told.push(JSON.parse(data.toString()));
    wake.resolve();
    wake = createDeferred();
  });
  socket.on('close', (code) => {
    closed.resolve(code);
    wake.resolve();
  });
  await new Promise<void>((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('unexpected-response', (_request, response) => reject(new Error(String(response.statusCode))));
    socket.on('error', reject);
  });
  const seen = () => Buffer.concat(pieces).toString();
  return {
    told,
    seen,
    until: async (text) => {
      while (!seen().includes(text)) {
        if (socket.readyState === WebSocket.CLOSED) throw new Error(`The terminal closed before ${text}: ${seen()}`);
        await wake.promise;
      }
    },
    type: (text) => socket.send(Buffer.from(text)),
    tell: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    closed: closed.promise,
    leave: () => socket.close(),
  };
}
