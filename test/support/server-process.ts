import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { IS_INCUS } from './engine-under-test.ts';
import { plainProgram } from './plain-programs.ts';

/** A server in a process of its own, so that a test can kill it. */
export interface ServerProcess {
  readonly url: string;
  readonly child: ChildProcess;
  call(method: string, path: string, body?: unknown): Promise<{ status: number; body: Record<string, unknown> }>;
  /** Ends it with this signal and resolves with its exit code, or null after SIGKILL. */
  end(signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null>;
}

/** The key of the server in tests. */
export const API_KEY = 'key-for-these-tests';

/** Puts a program before Node that gives it mounts of its own, as in a container: neither sees what the other mounts. */
export const OWN_MOUNTS: readonly string[] = ['unshare', '--mount', '--propagation', 'private', '--'];

/**
 * Starts the server's main file, or another, with these variables and resolves when it listens; there is a channel to it. What comes
 * before is a program that starts Node.
 */
export async function startServerProcess(
  variables: Readonly<Record<string, string>>,
  main = 'src/main.ts',
  before: readonly string[] = [],
): Promise<ServerProcess> {
  const [program = process.execPath, ...argv] = [...before, process.execPath, await plainProgram(main)];
  const child = spawn(program, argv, {
    cwd: new URL('../../', import.meta.url),
    env: {
      ...process.env,
      SANDBOX_API_KEY: API_KEY,
      SANDBOX_API_HOST: '127.0.0.1',
      SANDBOX_API_PORT: '0',
      SANDBOX_NETWORK: 'none',
      SANDBOX_POOL_SIZE: '0',
      ...(IS_INCUS ? { SANDBOX_MODE: 'incus' } : {}),
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
    end: (signal) => endProcess(child, signal),
  };
}

/** Ends a process with this signal and resolves with its exit code, or null after a signal that it did not handle. */
export async function endProcess(child: ChildProcess, signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
  return child.exitCode;
}

async function listeningUrl(child: ChildProcess): Promise<string> {
  if (!child.stdout) throw new Error('the server has no stdout');
  for await (const line of createInterface({ input: child.stdout })) {
    const match = /Server listening at (http:\/\/127\.0\.0\.1:\d+)/.exec(line);
    if (match?.[1]) return match[1];
  }
  throw new Error('The server ended before it listened.');
}
