import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { BOT_KEY } from './gateway.ts';

let far: Server | undefined;

/** Starts another server that takes the gateway's key, as that of a gateway unless told otherwise, and answers as the test says; resolves with its address. */
export async function startFar(
  answer: RequestListener,
  port = 0,
  farKey: 'gateway' | 'plain' = 'gateway',
): Promise<string> {
  far = createServer((asked, reply) => {
    if (asked.url !== '/info') return answer(asked, reply);
    const isRefused = farKey === 'plain' && asked.headers['x-sandbox-principal'] !== undefined;
    reply.writeHead(isRefused ? 403 : 200, { 'content-type': 'application/json' }).end('{}');
  });
  far.listen(port, '127.0.0.1');
  await once(far, 'listening');
  return `http://127.0.0.1:${(far.address() as AddressInfo).port}`;
}

/** Ends it with all its connections, where it runs. */
export async function stopFar(): Promise<void> {
  if (!far?.listening) return;
  const closed = once(far, 'close');
  far.close();
  far.closeAllConnections();
  await closed;
}

/** Sends the head of a request to a gateway, with a body that the test writes. */
export function upload(gatewayUrl: string, path: string) {
  const sent = request(`${gatewayUrl}${path}`, {
    method: 'PUT',
    headers: { 'x-api-key': BOT_KEY, 'transfer-encoding': 'chunked' },
  });
  const answered = once(sent, 'response').then(([answer]) => answer as IncomingMessage);
  return { sent, answered };
}
