import { afterEach, describe, expect, it } from 'vitest';
import { API_KEY, type FakeApp, speakingOnly } from '../../../support/fake-app.ts';
import { keyEntry } from '../../../support/key-entry.ts';
import { startLocalApp } from '../../../support/local-app.ts';

const SANDBOXES = '/api/v1/sandboxes';

const OTHER_KEY = 'the key of another';

let app: FakeApp;

afterEach(() => app.close());

async function start(variables: Readonly<Record<string, string>> = { SANDBOX_BUILDS: 'true' }): Promise<void> {
  const keys = keyEntry('other', OTHER_KEY);
  app = await startLocalApp({ SANDBOX_API_KEYS: keys, ...variables }, speakingOnly('manager'));
}

async function send(body: Readonly<Record<string, unknown>>, key = API_KEY) {
  const headers = { 'x-api-key': key };
  return await app.inject({ method: 'POST', url: SANDBOXES, headers, payload: body });
}

const build = (context_path: string, more: Readonly<Record<string, unknown>> = {}, key = API_KEY) =>
  send({ image: 'mine:1', force_build: true, build_context: { context_path, ...more } }, key);

/** Writes a Dockerfile as its user would, beside the API. */
async function write(name: string, text: string): Promise<void> {
  const encoded = Buffer.from(text).toString('base64');
  const command = `mkdir -p app && echo ${encoded} | base64 -d > app/Dockerfile`;
  const ran = await app.call('POST', `${SANDBOXES}/${name}/exec`, { command });
  expect(ran.json()).toMatchObject({ exit_code: 0 });
}

describe('force_build of SandboxClient of New-dev0/Sandbox', () => {
  it('is 501 with a sentence unless the operator permits it', async () => {
    await start({});
    const answer = await build('source:/workspace');
    expect([answer.statusCode, answer.json()]).toEqual([501, { detail: expect.stringContaining('SANDBOX_BUILDS') }]);
  });

  it('without a context, and a context without it, mean nothing, as in the published server', async () => {
    await start({});
    for (const body of [{ force_build: true }, { build_context: { context_path: '/etc' } }]) {
      expect((await send({ image: 'python:3.9', ...body })).statusCode).toBe(200);
    }
  });

  it('takes a folder in the workspace of a sandbox of its own, and nothing else', async () => {
    await start();
    await send({ image: 'python:3.9', name: 'source' });
    await send({ image: 'python:3.9', name: 'theirs' }, OTHER_KEY);
    for (const path of [
      '/etc',
      'source:/etc',
      'source:/workspace/../etc',
      'source:app',
      'theirs:/workspace',
      ':/workspace',
    ]) {
      const answer = await build(path);
      expect([path, answer.statusCode, answer.json()]).toEqual([
        path,
        422,
        { detail: expect.stringContaining('context_path') },
      ]);
    }
    for (const dockerfile of ['/etc/passwd', '../Dockerfile', '..']) {
      const answer = await build('source:/workspace', { dockerfile });
      expect([answer.statusCode, answer.json()]).toEqual([422, { detail: expect.stringContaining('dockerfile') }]);
    }
  });

  it('builds the image of the folder for the sandbox, shows it under its own name, and removes it with the last', async () => {
    await start();
    await send({ image: 'python:3.9', name: 'source' });
    await write('source', '# Mine\nFROM python:3.9\nCOPY . /app\n');
    const made = await build('source:/workspace/app');
    expect([made.statusCode, made.json()]).toEqual([
      200,
      expect.objectContaining({ image: 'mine:1', status: 'running' }),
    ]);
    const { images } = app.engine.builder;
    expect([...images.values()]).toEqual([
      expect.objectContaining({
        text: 'FROM clara-sandbox:latest\nUSER 0\nCOPY . /app\n',
        memoryBytes: 512 * 2 ** 20,
        cpus: 1,
      }),
    ]);
    const id = made.json().container_id;
    expect((await app.call('POST', `${SANDBOXES}/${id}/restart`)).statusCode).toBe(200);
    const used = [...app.engine.sandboxes.values()].map(({ spec }) => spec.image);
    expect(used).toContain([...images.keys()][0]);
    await app.call('DELETE', `${SANDBOXES}/source`);
    expect(images.size).toBe(1);
    await app.call('DELETE', `${SANDBOXES}/${id}`);
    expect(images.size).toBe(0);
  });

  it('says why an image cannot be built, and leaves nothing of it', async () => {
    await start();
    await send({ image: 'python:3.9', name: 'source' });
    const missing = await build('source:/workspace/app');
    expect([missing.statusCode, missing.json()]).toEqual([
      422,
      { detail: expect.stringContaining('/workspace/app/Dockerfile') },
    ]);
    for (const [text, word] of [
      ['FROM python:3.9\nADD https://example.org/ /', 'ADD'],
      ['FROM evil:1', 'evil:1'],
      ['FROM python:3.9\nRUN false', 'exit code 1'],
    ] as const) {
      await write('source', text);
      const answer = await build('source:/workspace/app');
      expect([answer.statusCode, answer.json()]).toEqual([422, { detail: expect.stringContaining(word) }]);
    }
    expect((await app.call('GET', SANDBOXES)).json().sandboxes).toHaveLength(1);
    expect(app.engine.builder.images.size).toBe(0);
  });
});
