import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { plainProgram } from './plain-programs.ts';

const ROOT = fileURLToPath(new URL('../../', import.meta.url));

/** How a server ended that was to be refused, and the sentence that it ended with. */
export interface RefusedStart {
  readonly code: number | null;
  readonly sentence: string;
}

/** Starts the server in a process of its own with these variables, where it is expected to end by itself; what comes before is a program that starts Node. */
export async function startRefused(
  variables: Readonly<Record<string, string>>,
  before: readonly string[] = [],
): Promise<RefusedStart> {
  const [program = process.execPath, ...argv] = [...before, process.execPath, await plainProgram('src/main.ts')];
  const child = spawn(program, argv, {
    cwd: ROOT,
    env: {
      ...process.env,
      SANDBOX_API_KEY: 'key-for-these-tests',
      SANDBOX_API_HOST: '127.0.0.1',
      SANDBOX_API_PORT: '0',
      SANDBOX_NETWORK: 'none',
      SANDBOX_POOL_SIZE: '0',
      ...variables,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  // One that starts after all must not live on.
  child.stdout.on('data', (chunk: Buffer) => {
    if (chunk.includes('Server listening')) child.kill('SIGKILL');
  });
  const said = text(child.stderr);
  const [code] = await once(child, 'close');
  return { code, sentence: (await said).trim() };
}
