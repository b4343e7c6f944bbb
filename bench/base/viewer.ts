import { on, once } from 'node:events';
import { WebSocket } from 'ws';

/** A viewer of a terminal. */
export interface Viewer {
  /** Resolves with the next message of the server. */
  next(): Promise<void>;
  type(text: string): void;
  leave(): void;
}

/** Attaches to the terminal at this address; rejects where the server does not upgrade. */
export async function openViewer(url: URL, headers: Readonly<Record<string, string>>): Promise<Viewer> {
  url.protocol = 'ws:';
  const socket = new WebSocket(url, ['clara.tty.v1'], { headers, perMessageDeflate: false });
  const messages = on(socket, 'message', { close: ['close'] });
  await once(socket, 'open');
  return {
    next: async () => {
      const { done } = await messages.next();
      if (done) throw new Error('The terminal closed.');
    },
    type: (text) => socket.send(Buffer.from(text)),
    leave: () => socket.close(),
  };
}
