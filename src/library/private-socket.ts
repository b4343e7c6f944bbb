import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { Agent, fetch as fetchOver } from 'undici';
import { openWebSocket } from './web-socket.ts';

/** A server that only this process reaches. */
interface PrivateServer {
  /** As the global ones, to this server whatever the host. */
  fetch(request: Request): Promise<Response>;
  webSocket(url: string, protocols: string[]): WebSocket;
  /** Closes the server, and removes its socket; does the same once, however often it is called. */
  close(): Promise<void>;
}

/** Has a server listen on a socket in a folder of mode 0700, and on no port. */
export async function listenPrivately(app: FastifyInstance): Promise<PrivateServer> {
  // mkdtemp(3) gives the folder to its owner alone.
  const folder = await mkdtemp(join(tmpdir(), 'clara-sandbox-'));
  const path = join(folder, 'socket');
  // Deadlines are those of each call.
  const agent = new Agent({ connect: { socketPath: path }, headersTimeout: 0, bodyTimeout: 0 });
  let closing: Promise<void> | undefined;
  const end = async () => {
    await app.close();
    await agent.close();
    await rm(folder, { recursive: true, force: true });
  };
  const close = async () => {
    closing ??= end();
    await closing;
  };
  try {
    await app.listen({ path });
  } catch (error) {
    await close();
    throw error;
  }
  return {
    fetch: (request) => send(request, agent),
    webSocket: (url, protocols) => openWebSocket(url, protocols, agent),
    close,
  };
}

async function send(request: Request, dispatcher: Agent): Promise<Response> {
  const { url, method, headers, body, signal } = request;
  const answer = await fetchOver(url, {
    ...{ method, headers: [...headers], signal, dispatcher, redirect: 'manual' },
    ...(body === null ? {} : { body, duplex: 'half' }),
  });
  const isEmpty = [204, 205, 304].includes(answer.status);
  return new Response(isEmpty ? null : answer.body, { status: answer.status, headers: [...answer.headers] });
}
