import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { createConnection, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const ENGINE_SOCKET = '/var/run/docker.sock';

/** A socket behind which the real engine answers, hangs or is gone, as a test wishes. */
export interface EngineProxy {
  readonly socketPath: string;
  /** Connections that are open now. */
  connections(): number;
  /** Whether it hangs now. */
  hangs(): boolean;
  /** From now on connections are accepted and nothing is ever answered, on those that are open too. */
  hang(): void;
  /** Passes no byte on until `flow`, which then loses none, as an engine does that is stopped for a moment. */
  stall(): void;
  flow(): void;
  /** Ends every connection, as an engine that restarts does; the next ones work. */
  cut(): void;
  /** Ends every connection, and the next ones at once. */
  refuse(): void;
  /** The engine answers again, on new connections: what hung stays lost. */
  restore(): void;
  close(): Promise<void>;
}

/** Opens a proxy to the machine's engine. */
export async function openEngineProxy(): Promise<EngineProxy> {
  const folder = await mkdtemp(join(tmpdir(), 'clara-engine-'));
  const socketPath = join(folder, 'engine.sock');
  const sockets = new Set<Socket>();
  const pairs = new Set<readonly [Socket, Socket]>();
  let mode: 'passes' | 'stalls' | 'hangs' | 'refuses' = 'passes';

  const own = (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  };
  let clients = 0;
  const server = createServer({ allowHalfOpen: true }, (client) => {
    own(client);
    clients += 1;
    client.once('close', () => {
      clients -= 1;
    });
    if (mode === 'refuses') client.destroy();
    else if (mode === 'hangs') swallow(client);
    else {
      const engine = createConnection({ path: ENGINE_SOCKET, allowHalfOpen: true });
      own(engine);
      const pair = [client, engine] as const;
      pairs.add(pair);
      if (mode === 'passes') client.pipe(engine).pipe(client);
      client.once('close', () => {
        engine.destroy();
        pairs.delete(pair);
      });
      engine.once('close', () => client.destroy());
    }
  });
  server.listen(socketPath);
  await once(server, 'listening');

  const cut = () => {
    for (const socket of sockets) socket.destroy();
  };
  return {
    socketPath,
    connections: () => clients,
    hangs: () => mode === 'hangs',
    hang: () => {
      mode = 'hangs';
      for (const socket of sockets) {
        socket.unpipe();
        swallow(socket);
      }
    },
    stall: () => {
      mode = 'stalls';
      for (const socket of sockets) socket.unpipe();
    },
    flow: () => {
      if (mode !== 'stalls') return;
      mode = 'passes';
      for (const [client, engine] of pairs) client.pipe(engine).pipe(client);
    },
    cut,
    refuse: () => {
      mode = 'refuses';
      cut();
    },
    restore: () => {
      mode = 'passes';
      cut();
    },
    close: async () => {
      cut();
      await new Promise((resolve) => server.close(resolve));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** Reads on, so that the end of the connection is seen, and answers nothing. */
function swallow(socket: Socket): void {
  socket.once('end', () => socket.destroy());
  socket.resume();
}
