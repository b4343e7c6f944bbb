import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { connect, Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import type { EngineSpec } from '../../src/engines/engine.ts';
import type { FakeExec } from './fake-exec.ts';

const KILLED = 137;
const PROGRAM = fileURLToPath(new URL('local_sandboxes.py', import.meta.url));
const AGENT = fileURLToPath(new URL('../../agent', import.meta.url));

/** The socket of what runs the sandboxes of all tests of this process; there from the first that needs it on. */
let host: Promise<string> | undefined;

/**
 * Sandboxes on this machine with the real agent, each in namespaces of its own. Needs Linux with Python 3, and root or a kernel
 * that lets everybody make namespaces of users.
 */
export class LocalSandboxes {
  readonly #names = new Set<string>();

  /** Starts the agent of a sandbox, or hands it one more stream. */
  async open(name: string, spec: EngineSpec, argv: readonly string[]): Promise<FakeExec> {
    this.#names.add(name);
    const { mounts, tmpfs, env, workdir } = spec;
    const memory = ['/run', '/tmp', ...tmpfs.map(({ path }) => path)];
    const stream = await ask({ do: 'exec', sandbox: name, mounts, memory, env, workdir });
    let exitCode: number | null = null;
    stream.once('close', () => {
      exitCode = KILLED;
    });
    return {
      argv,
      stream,
      closed: new Promise((resolve) => stream.once('close', resolve)),
      isHeldBack: () => false,
      abandon: () => void stream.destroy(),
      stderr: () => '',
      onStderr: () => undefined,
      complain: () => undefined,
      exitCode: async () => exitCode,
      kill: () => void this.end(name),
      freeze: () => tell('freeze', name),
      thaw: () => tell('thaw', name),
    };
  }

  /** Ends all that runs in a sandbox, as a kill would. */
  async end(name: string): Promise<void> {
    if (this.#names.delete(name)) await tell('end', name);
  }

  /** Ends all of them. */
  async close(): Promise<void> {
    await Promise.all([...this.#names].map((name) => this.end(name)));
  }
}

/** Connects to the host; the stream goes on after what is asked. */
async function ask(request: Readonly<Record<string, unknown>>): Promise<Socket> {
  host ??= startHost();
  const socket = connect(await host);
  await once(socket, 'connect');
  const text = Buffer.from(JSON.stringify(request));
  const length = Buffer.alloc(4);
  length.writeUInt32BE(text.length);
  socket.write(Buffer.concat([length, text]));
  return socket;
}

/** Resolves when it is done. */
async function tell(what: 'end' | 'freeze' | 'thaw', name: string): Promise<void> {
  const socket = await ask({ do: what, sandbox: name });
  socket.resume();
  await once(socket, 'close');
}

/** Starts the host, which ends with this process. */
async function startHost(): Promise<string> {
  const child = spawn('python3', ['-E', '-s', PROGRAM, AGENT], { stdio: ['pipe', 'pipe', 'inherit'] });
  const lines = createInterface({ input: child.stdout });
  const [path] = await Promise.race([once(lines, 'line'), once(child, 'exit')]);
  if (typeof path !== 'string') throw new Error(`python3 did not start ${PROGRAM}.`);
  lines.close();
  child.unref();
  for (const pipe of [child.stdin, child.stdout]) if (pipe instanceof Socket) pipe.unref();
  return path;
}
