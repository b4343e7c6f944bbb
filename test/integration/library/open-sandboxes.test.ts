import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type OpenOptions, type OpenSandboxes, openSandboxes } from '../../../src/library/open-sandboxes.ts';
import { removeAll, startRealServer } from '../../support/real-server.ts';
import { RUNTIME } from '../../support/runtime.ts';

const variables = {
  SANDBOX_NETWORK: 'none',
  SANDBOX_POOL_SIZE: '0',
  SANDBOX_DOCKER_RUNTIME: RUNTIME,
  SANDBOX_DOCKER_IMAGE: process.env.CLARA_TEST_IMAGE ?? '',
};

/** Makes a function of a program that waits. */
const AsyncFunction: new (...parts: string[]) => (...values: unknown[]) => Promise<void> = Object.getPrototypeOf(
  async () => undefined,
).constructor;

/** All that a terminal shows in which something is typed. */
async function echoedBy(client: OpenSandboxes): Promise<string> {
  const { processes } = client.sandbox('ada');
  const { id } = await processes.start({ command: 'read line; echo "$line""n"', tty: { rows: 24, cols: 80 } });
  const socket = await processes.attach(id);
  let shown = '';
  socket.addEventListener('open', () => socket.send(Buffer.from('see\r')));
  socket.addEventListener('message', ({ data }) => {
    if (data instanceof ArrayBuffer) shown += Buffer.from(data).toString();
  });
  await once(socket, 'close');
  return shown;
}

let dataDir: string;
let sandboxes: OpenSandboxes;
const lines: string[] = [];
const logger = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clara-library-'));
  sandboxes = await openSandboxes({ mode: 'auto', dataDir, logger, variables });
});
afterAll(async () => {
  await sandboxes.close();
  await removeAll(dataDir);
});

describe('sandboxes of a program', () => {
  it('run code over the client, whole and as a stream', async () => {
    const sandbox = sandboxes.sandbox('ada');
    expect(await sandbox.execute('print(6 * 7)')).toMatchObject({ success: true, output: '42\n' });
    const events: string[] = [];
    for await (const { event } of sandbox.streamExecute('print(1)')) events.push(event);
    expect(events.at(-1)).toBe('exit');
    expect((await sandboxes.list()).map(({ user_id: id }) => id)).toEqual(['ada']);
  });

  it('show their terminals', async () => {
    expect(await echoedBy(sandboxes)).toContain('seen');
  });

  it('are reached by this process alone: by no port, and by no signal', async () => {
    const names = (await readdir(tmpdir())).filter((name) => name.startsWith('clara-sandbox-'));
    // Others' may go meanwhile.
    const found = await Promise.all(names.map((name) => stat(join(tmpdir(), name)).catch(() => null)));
    expect(found.flatMap((folder) => (folder ? [folder.mode & 0o777] : []))).toContain(0o700);
    expect(process.listenerCount('SIGTERM') + process.listenerCount('SIGINT')).toBe(0);
  });

  it('are logged where the program says, with what was chosen, which the folder keeps', async () => {
    expect(sandboxes.mode).toBe('docker');
    expect(lines.join('')).toContain('what runs sandboxes');
    expect(JSON.parse(await readFile(join(dataDir, 'engine.json'), 'utf8'))).toMatchObject({ engine: 'docker' });
  });

  it('are one process’s', async () => {
    await expect(openSandboxes({ mode: 'docker', dataDir, variables })).rejects.toThrow(/which another server has/);
  });

  it('run on when they are closed, with their files', async () => {
    await sandboxes.sandbox('ada').execute("open('kept.txt', 'w').write('kept')");
    await sandboxes.close();
    sandboxes = await openSandboxes({ dataDir, variables });
    expect(await sandboxes.sandbox('ada').execute("print(open('kept.txt').read())")).toMatchObject({
      output: 'kept\n',
    });
  });
});

describe('the example of the document', () => {
  it('runs as it is written', async () => {
    const document = await readFile(new URL('../../../docs/library.md', import.meta.url), 'utf8');
    const [, imported = '', program = ''] =
      /```ts\nimport \{ openSandboxes \} from '([^']+)';\n(.*?)```/s.exec(document) ?? [];
    const { name } = JSON.parse(await readFile(new URL('../../../package.json', import.meta.url), 'utf8'));
    expect(imported).toBe(name);
    const folder = await mkdtemp(join(tmpdir(), 'clara-library-'));
    const printed: unknown[] = [];
    const open = (options: OpenOptions) => openSandboxes({ ...options, dataDir: folder, variables });
    const run = new AsyncFunction('openSandboxes', 'console', program);
    await run(open, { log: (value: unknown) => void printed.push(value) });
    expect(printed).toEqual(['42\n']);
    await removeAll(folder);
  });
});

describe('sandboxes of another server', () => {
  it('are reached over HTTP, and are not fallen back from once they were used', async () => {
    const far = await startRealServer();
    const folder = await mkdtemp(join(tmpdir(), 'clara-library-'));
    const options = { mode: 'auto', dataDir: folder, url: far.url, apiKey: far.apiKey, variables };
    try {
      const remote = await openSandboxes(options);
      expect(remote.mode).toBe('remote');
      expect(await remote.sandbox('bob').execute('print(1)')).toMatchObject({ output: '1\n' });
      expect(await echoedBy(remote)).toContain('seen');
      await remote.close();
    } finally {
      await far.close();
    }
    const again = await openSandboxes(options);
    expect(again.mode).toBe('remote');
    await expect(again.sandbox('bob').status()).rejects.toThrow();
    await again.close();
    const fresh = await mkdtemp(join(tmpdir(), 'clara-library-'));
    const here = await openSandboxes({ ...options, dataDir: fresh });
    expect(here.mode).toBe('docker');
    await here.close();
    await removeAll(fresh);
    await rm(folder, { recursive: true });
  });
});
