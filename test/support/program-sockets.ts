import { type ClientOptions, WebSocket } from 'ws';
import type { RealServer } from './real-server.ts';

/** An open WebSocket of a program's at an address, whose host is this machine, with the key. */
export async function connectTo(server: RealServer, url: string, protocols: string[] = []): Promise<WebSocket> {
  const { host, port, pathname, search } = new URL(url);
  const options: ClientOptions = { headers: { host, 'x-api-key': server.apiKey } };
  const socket = new WebSocket(`ws://127.0.0.1:${port}${pathname}${search}`, protocols, options);
  await new Promise((resolve, reject) => socket.once('open', resolve).once('error', reject));
  return socket;
}

/** The first message that is as is looked for. */
export function heard(socket: WebSocket, isIt: (text: string) => boolean): Promise<string> {
  return new Promise((resolve) => {
    socket.on('message', (data: Buffer) => {
      if (isIt(data.toString())) resolve(data.toString());
    });
  });
}

/** A message of Jupyter's protocol that asks a kernel to run code. */
export function executeRequest(code: string): string {
  const header = { msg_id: code, msg_type: 'execute_request', session: 'test', username: 'test', version: '5.3' };
  const content = { code, silent: false, store_history: true, allow_stdin: false, stop_on_error: true };
  return JSON.stringify({ channel: 'shell', header, parent_header: {}, metadata: {}, content });
}
