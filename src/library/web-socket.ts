import { type Dispatcher, WebSocket as UndiciWebSocket } from 'undici';

/** Opens a WebSocket as the global one does, which Node 20 has not; by this dispatcher where one is given. */
export function openWebSocket(url: string, protocols: string[], dispatcher?: Dispatcher): WebSocket {
  const socket: unknown = new UndiciWebSocket(url, { protocols, ...(dispatcher ? { dispatcher } : {}) });
  // One standard, which undici and Node's types spell with a different MessagePort.
  return socket as WebSocket;
}
