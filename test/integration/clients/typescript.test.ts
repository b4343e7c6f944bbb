import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  ClaraClient,
  type Sandbox,
  SandboxConnectionError,
  type SandboxEvent,
  SandboxNotFoundError,
  SandboxOperationError,
  SandboxValidationError,
} from '../../../clients/typescript/src/index.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { examplesIn, runRecipe, withText } from '../../support/recipe.ts';
import { withoutTypes } from '../../support/recipe-types.ts';

const run = promisify(execFile);
const EXAMPLES = new URL('../../../clients/typescript/examples/', import.meta.url);

let server: RealServer;
let client: ClaraClient;
let sandbox: Sandbox;

beforeAll(async () => {
  server = await startRealServer();
  client = new ClaraClient({ baseUrl: `${server.url}/`, apiKey: server.apiKey });
  sandbox = client.sandbox('ts/ü client');
});
afterAll(async () => {
  await server?.close();
});

async function collect(events: AsyncIterable<SandboxEvent>): Promise<SandboxEvent[]> {
  const all: SandboxEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
}

const textOf = (events: readonly SandboxEvent[], name: string) =>
  events
    .filter(({ event }) => event === name)
    .map(({ data }) => data.text)
    .join('');

describe('the TypeScript client', () => {
  it('runs code and commands', async () => {
    expect((await sandbox.execute('print(6 * 7)')).output).toBe('42\n');
    expect(await sandbox.execute('1 / 0')).toMatchObject({ success: false, exit_code: 1 });
    expect((await sandbox.execute('console.log(2)', { language: 'javascript' })).output).toBe('2\n');
    expect((await sandbox.shell('exit 4')).exit_code).toBe(4);
  });

  it('signs URLs that need no key, of a route below the sandbox or with its whole path', async () => {
    await sandbox.files.write('signed.txt', 'signed');
    const url = await sandbox.sign('GET', '/raw?path=signed.txt', 60);
    expect(await (await fetch(url)).text()).toBe('signed');
    const whole = url.slice(url.indexOf('/sandbox/'), url.indexOf('&signature='));
    expect(await (await fetch(await sandbox.sign('GET', whole))).text()).toBe('signed');
  });

  it('remembers in contexts', async () => {
    expect(await sandbox.contexts.create('notebook')).toMatchObject({ id: 'notebook', language: 'python' });
    await sandbox.contexts.execute('notebook', 'x = 20');
    expect((await sandbox.contexts.execute('notebook', 'x + 1')).results[0]?.data['text/plain']).toBe('21');
    const cell = await collect(sandbox.contexts.stream('notebook', 'print(x); x + 2'));
    expect(textOf(cell, 'stdout')).toBe('20\n');
    expect(cell.find(({ event }) => event === 'result')?.data.data).toEqual({ 'text/plain': '22' });
    await sandbox.contexts.delete('notebook');
    await expect(sandbox.contexts.get('notebook')).rejects.toThrow(SandboxNotFoundError);
  });

  it('streams, and ends what runs when its reader leaves', async () => {
    const events = await collect(sandbox.streamShell('echo one; echo two >&2; exit 3'));
    expect(events[0]?.event).toBe('start');
    expect([textOf(events, 'stdout'), textOf(events, 'stderr')]).toEqual(['one\n', 'two\n']);
    expect(events.at(-1)).toMatchObject({ event: 'exit', data: { exit_code: 3 } });
    for await (const { event, data } of sandbox.streamExecute('print(1, flush=True)\nwhile True: pass')) {
      if (event === 'stdout' && data.text === '1\n') break;
    }
    const [left] = await sandbox.processes.list();
    expect(await sandbox.processes.wait(left?.id ?? 0)).toMatchObject({ state: 'exited' });
  });

  it('keeps processes', async () => {
    const { id } = await sandbox.processes.start({ argv: ['cat'], stdin: true, labels: { a: 'b' } });
    await sandbox.processes.write(id, 'back\n', { close: true });
    expect(await sandbox.processes.wait(id)).toMatchObject({ state: 'exited', exit_code: 0 });
    expect(await sandbox.processes.output(id)).toBe('back\n');
    expect(textOf(await collect(sandbox.processes.events(id, 0)), 'stdout')).toBe('back\n');
    expect((await sandbox.processes.list({ label: 'a=b' })).map((process) => process.id)).toEqual([id]);
    await sandbox.processes.delete(id);
    await expect(sandbox.processes.get(id)).rejects.toThrow(SandboxNotFoundError);
  });

  it('has files', async () => {
    const { files } = sandbox;
    expect(await files.write('kept/a b.txt', 'needle in hay\n')).toBe(14);
    expect(await files.readText('kept/a b.txt')).toBe('needle in hay\n');
    expect((await files.list('kept')).map(({ name }) => name)).toEqual(['a b.txt']);
    expect((await files.search('needle', { path: 'kept' }))[0]).toMatchObject({ line: 1, text: 'needle in hay' });
    expect(await files.edit('kept/a b.txt', 'needle', 'thread')).toContain('+thread in hay');
    expect((await files.move('kept/a b.txt', 'kept/c.txt')).name).toBe('c.txt');
    expect((await files.glob('**/c.txt')).map(({ name }) => name)).toEqual(['c.txt']);
    expect(await files.hash('kept/c.txt')).toMatch(/^[0-9a-f]{64}$/);
    await files.delete('kept', { recursive: true });
    await expect(files.stat('kept')).rejects.toThrow(SandboxNotFoundError);
  });

  it('lists sandboxes and sets up ports', async () => {
    expect((await sandbox.ports.set(8080)).visibility).toBe('private');
    expect((await sandbox.ports.list()).map(({ port }) => port)).toContain(8080);
    await client.sandbox('other').create({ labels: { kind: 'test' } });
    expect((await client.list({ label: 'kind=test' })).map((info) => info.user_id)).toEqual(['other']);
    await client.sandbox('other').delete({ files: true });
    await expect(client.sandbox('other').status()).rejects.toThrow(SandboxNotFoundError);
  });

  it('tells what is wrong with the server’s sentence and status', async () => {
    await expect(sandbox.processes.start({})).rejects.toThrow(SandboxValidationError);
    const stranger = new ClaraClient({ baseUrl: server.url, apiKey: 'no key' });
    await expect(stranger.info()).rejects.toMatchObject({ name: 'SandboxOperationError', status: 401 });
    await expect(stranger.info()).rejects.toThrow(SandboxOperationError);
    const nowhere = new ClaraClient({ baseUrl: 'http://127.0.0.1:1' });
    await expect(nowhere.health()).rejects.toThrow(SandboxConnectionError);
  });

  it('has an example that works as it stands', async () => {
    const env = { ...process.env, CLARA_URL: server.url, SANDBOX_API_KEY: server.apiKey };
    const { stdout } = await run(process.execPath, ['--import', 'tsx', new URL('stream.ts', EXAMPLES).pathname], {
      env,
    });
    expect(stdout).toBe('1\n2\n3\n');
  });
});

it('the examples of its README work as they stand', async () => {
  const examples = await examplesIn('clients/typescript/README.md', 'ts');
  expect(examples).toHaveLength(1);
  for (const example of examples) {
    let code = withText(example, 'clara-sandbox-client', './clients/typescript/src/index.ts');
    code = withText(withText(code, 'http://localhost:8080', server.url), "'…'", JSON.stringify(server.apiKey));
    expect(await runRecipe(withoutTypes(code), {})).toBe('42\n\n21\n1\n2\n3\n');
  }
});
