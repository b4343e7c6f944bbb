import type { ChildProcess } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import type { WebSocket } from 'ws';

const STREAMS = ['0', '1', '2', 'control'] as const;

type StreamName = (typeof STREAMS)[number];

/** A program that Incus starts once all of its websockets are there, as an operation of its API. */
export class Program {
  readonly id = randomUUID();
  readonly secrets = Object.fromEntries(STREAMS.map((name) => [name, randomUUID()])) as Record<StreamName, string>;
  readonly path: string;
  readonly command: readonly string[];
  readonly #start: () => Promise<ChildProcess>;
  readonly #sockets = new Map<StreamName, WebSocket>();
  readonly #ended: Promise<number>;
  #end: (code: number) => void = () => undefined;
  #code: number | null = null;

  constructor(path: string, command: readonly string[], start: () => Promise<ChildProcess>) {
    this.path = path;
    this.command = command;
    this.#start = start;
    this.#ended = new Promise((resolve) => {
      this.#end = resolve;
    });
  }

  get isRunning(): boolean {
    return this.#code === null;
  }

  /** Resolves with its exit code. */
  async wait(): Promise<number> {
    return await this.#ended;
  }

  /** Takes a websocket by its secret; starts the program with the last one. */
  async attach(secret: string, socket: WebSocket): Promise<void> {
    const name = STREAMS.find((each) => this.secrets[each] === secret);
    if (!name) return socket.terminate();
    this.#sockets.set(name, socket);
    // What comes before the program is there waits.
    socket.pause();
    if (this.#sockets.size === STREAMS.length) await this.#run();
  }

  async #run(): Promise<void> {
    const child = await this.#start();
    const socketOf = (name: StreamName) => this.#sockets.get(name) as WebSocket;
    const { stdin, stdout, stderr } = child;
    stdin?.on('error', () => undefined);
    socketOf('0').on('message', (data: Buffer, isBinary: boolean) => {
      if (!isBinary) stdin?.end();
      else if (!stdin?.write(data)) this.#paced(socketOf('0'), child);
    });
    for (const [stream, socket] of [
      [stdout, socketOf('1')],
      [stderr, socketOf('2')],
    ] as const) {
      stream?.on('data', (part: Buffer) => {
        stream.pause();
        socket.send(part, { binary: true }, () => stream.resume());
      });
    }
    socketOf('control').on('close', () => kill(child));
    for (const name of STREAMS) socketOf(name).resume();
    const [code, signal] = await once(child, 'close');
    this.#code = signal ? 137 : Number(code);
    for (const name of ['1', '2'] as const) socketOf(name).send('', { binary: false });
    this.#end(this.#code);
    for (const name of STREAMS) socketOf(name).close();
  }

  #paced(socket: WebSocket, child: ChildProcess): void {
    socket.pause();
    child.stdin?.once('drain', () => socket.resume());
  }
}

/** Its whole group: what enters a machine is the parent of what runs there. */
function kill({ pid }: ChildProcess): void {
  try {
    if (pid !== undefined) process.kill(-pid, 'SIGKILL');
  } catch {
    // It has ended.
  }
}
