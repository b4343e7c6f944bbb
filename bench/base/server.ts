import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, open, readFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { unmountAllBelow } from '../../test/support/mounts.ts';
import { Client } from './client.ts';
import { removeContainers } from './containers.ts';
import { pause } from './pause.ts';
import { readRssMib } from './process-memory.ts';

const API_KEY = 'key-of-the-benchmark';
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const START_TIMEOUT_MS = 20_000;
const END_TIMEOUT_MS = 20_000;

/** A turn of the event loop that was too long, in milliseconds: by the clock, and of that with a CPU to itself. */
export interface Block {
  readonly lateMs: number;
  readonly cpuMs: number;
}

/** The server under measurement, in a process of its own. */
export class Server {
  readonly client: Client;
  readonly #child: ChildProcess;
  readonly #folder: string;

  private constructor(child: ChildProcess, folder: string, port: number) {
    this.#child = child;
    this.#folder = folder;
    this.client = new Client(`http://127.0.0.1:${port}`, API_KEY);
  }

  /** Starts `dist/main.js` with its data in this folder and resolves when it answers; its access log is written as in production. */
  static async start(folder: string, variables: Readonly<Record<string, string>>): Promise<Server> {
    await mkdir(folder, { recursive: true });
    const port = await freePort();
    const log = await open(join(folder, 'server.log'), 'a');
    const hook = new URL('./loop-delay.mjs', import.meta.url).href;
    const child = spawn(process.execPath, ['--import', hook, join(ROOT, 'dist/main.js')], {
      cwd: folder,
      env: {
        PATH: process.env.PATH,
        DOCKER_HOST: process.env.DOCKER_HOST,
        SANDBOX_API_KEY: API_KEY,
        SANDBOX_API_HOST: '127.0.0.1',
        SANDBOX_API_PORT: String(port),
        SANDBOX_DATA_DIR: dataFolderIn(folder),
        SANDBOX_NETWORK: 'none',
        SANDBOX_MAX_CONTAINERS: '100',
        SANDBOX_POOL_SIZE: '0',
        SANDBOX_LOG_LEVEL: 'info',
        ...variables,
      },
      stdio: ['ignore', log.fd, log.fd, 'ipc'],
    });
    await log.close();
    const server = new Server(child, folder, port);
    await server.#untilItAnswers();
    return server;
  }

  /** The name of the server's containers in the engine begins with this. */
  async instance(): Promise<string> {
    return await readFile(join(dataFolderIn(this.#folder), 'instance'), 'utf8');
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  rssMib(): Promise<number> {
    return readRssMib(this.pid);
  }

  /** The longest time for which the event loop turned to nothing new since the last question. */
  async longestBlock(): Promise<Block> {
    const answered = once(this.#child, 'message', { signal: AbortSignal.timeout(5_000) });
    this.#child.send('longest?');
    const [message] = await answered;
    return message as Block;
  }

  /** Ends the server, removes its containers and unmounts their disks; the folder stays. */
  async close(): Promise<void> {
    this.client.close();
    if (this.#child.exitCode === null && this.#child.signalCode === null) {
      const exited = once(this.#child, 'exit');
      const timer = setTimeout(() => this.#child.kill('SIGKILL'), END_TIMEOUT_MS);
      this.#child.kill('SIGTERM');
      await exited;
      clearTimeout(timer);
    }
    const instance = await this.instance().catch(() => null);
    if (instance !== null) await removeContainers(`clara.instance=${instance}`);
    await unmountAllBelow(this.#folder);
  }

  async #untilItAnswers(): Promise<void> {
    const deadline = performance.now() + START_TIMEOUT_MS;
    for (;;) {
      const status = await this.client.ask('GET', '/health').then(
        (answer) => answer.status,
        () => 0,
      );
      if (status === 200) return;
      if (this.#child.exitCode !== null || performance.now() > deadline) {
        const log = await readFile(join(this.#folder, 'server.log'), 'utf8');
        throw new Error(`The server does not answer. The end of its log:\n${log.slice(-2000)}`);
      }
      await pause(20);
    }
  }
}

/** Where the data of a server with this folder lies. */
export function dataFolderIn(folder: string): string {
  return join(folder, 'data');
}

function freePort(): Promise<number> {
  return new Promise((resolve, reject) => {
    const probe = createServer();
    probe.once('error', reject);
    probe.listen(0, '127.0.0.1', () => {
      const address = probe.address();
      const port = typeof address === 'object' && address !== null ? address.port : 0;
      probe.close(() => resolve(port));
    });
  });
}
