import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';

/** A server in a process of its own, so that a test can kill it. */
export interface ServerProcess {
  readonly url: string;
  readonly child: ChildProcess;
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Ends it with this signal and resolves with its exit code, or null after SIGKILL. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

const API_KEY = 'key-for-these-tests';

/** Starts the server's main file, or another, with these variables and resolves when it listens; there is a channel to it. */
export async function startServerProcess(
  variables: Readonly<Record<string, string>>,
  main = 'src/main.ts',
): Promise<ServerProcess> {
  const child = spawn(process.execPath, ['--import', 'tsx', main], {
    cwd: new URL('../../', import.meta.url),
    env: {
      ...process.env,
      SANDBOX_API_KEY: API_KEY,
      SANDBOX_API_HOST: '127.0.0.1',
      SANDBOX_API_PORT: '0',
      SANDBOX_NETWORK: 'none',
      SANDBOX_POOL_SIZE: '0',
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
  });
  const url = await listeningUrl(child);
  child.stdout?.resume();
  return {
    url,
    child,
    call: async (method, path, body) => {
      const response = await fetch(`${url}${path}`, {
        method,
        headers: { 'x-api-key': API_KEY, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      });
      return { status: response.status, body: (await response.json()) as Record<string, unknown> };
    },
    end: async (signal) => {
      if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
      const exited = once(child, 'exit');
      child.kill(signal);
      await exited;
      return child.exitCode;
    },
  };
}

async function listeningUrl(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('the server has no stdout');
  for await (const line of createInterface({ input: child.stdout })) {
    const match = /Server listening at (http:\/\/127\.0\.0\.1:\d+)/.exec(line);
    if (match?.[1]) return match[1];
  }
  throw new Error('The server ended before it listened.');
}
