import { randomBytes, timingSafeEqual } from 'node:crypto';
import { constants } from 'node:fs';
import { type FileHandle, open, rm } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { createDeferred, type Deferred } from '../../async/deferred.ts';

/** The socket's name in the folder that the sandbox sees. */
export const LINE_SOCKET = 'agent';

const TOKEN_BYTES = 32;

/** Whoever calls waits for nobody else: the agent is the only one who is asked to. */
const MAX_CALLERS = 8;

const CALL_TIMEOUT_MS = 2_000;

/**
 * Listens on a Unix socket in a folder that a sandbox sees while `ask` has its agent call there, and resolves with the socket of
 * the caller who says the token (64 hex digits). Rejects where nobody does in time; closes all else that it opened.
 */
export async function receiveCall(
  folder: string,
  ask: (token: string) => Promise<unknown>,
  timeoutMs = CALL_TIMEOUT_MS,
): Promise<Socket> {
  const directory = await open(folder, constants.O_RDONLY | constants.O_DIRECTORY);
  const token = randomBytes(TOKEN_BYTES);
  const called = createDeferred<Socket>();
  const strangers = new Set<Socket>();
  const server = createServer((caller) => {
    strangers.add(caller);
    caller.once('close', () => strangers.delete(caller));
    identify(caller, token, called);
  });
  server.maxConnections = MAX_CALLERS;
  const timer = setTimeout(() => called.reject(new Error('The agent did not call.')), timeoutMs);
  try {
    await rm(join(folder, LINE_SOCKET), { force: true });
    await listen(server, directory);
    await ask(token.toString('hex'));
    const socket = await called.promise;
    strangers.delete(socket);
    return socket;
  } finally {
    clearTimeout(timer);
    for (const stranger of strangers) stranger.destroy();
    // It takes the socket's file away at once, and closes when its last caller has gone.
    server.close();
    await directory.close();
  }
}

/** By way of the open folder: a path of its own may be longer than the 107 bytes that a socket's address can have. */
function listen(server: Server, { fd }: FileHandle): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    // Where users are mapped, the sandbox's is another on this side.
    server.listen({ path: `/proc/self/fd/${fd}/${LINE_SOCKET}`, readableAll: true, writableAll: true }, resolve);
  });
}

/** Takes the token off the socket and leaves what follows it. */
function identify(caller: Socket, token: Buffer, called: Deferred<Socket>): void {
  const read = (): void => {
    const said: unknown = caller.read(TOKEN_BYTES);
    if (said === null) return;
    caller.off('readable', read);
    if (said instanceof Buffer && said.length === TOKEN_BYTES && timingSafeEqual(said, token)) called.resolve(caller);
    else caller.destroy();
  };
  caller.on('readable', read);
  caller.once('error', () => caller.destroy());
}
