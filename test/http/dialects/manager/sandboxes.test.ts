import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { API_KEY, speaking, WITH_DOCUMENTS } from '../../../support/fake-app.ts';
import { at, type Made, managerApp, SANDBOXES } from '../../../support/manager-app.ts';

const manager = managerApp({ ...speaking('manager'), ...WITH_DOCUMENTS });
const { make, script } = manager;

beforeEach(manager.start);

afterEach(manager.close);

describe('SandboxClient of New-dev0/Sandbox', () => {
  it('finds every key that its model of a sandbox wants', async () => {
    script(() => new Promise(() => undefined));
    const made = await make({
      name: 'first',
      command: 'python manager.app.py',
      environment: { MODE: 'test' },
      ports: [{ port: 8080, protocol: 'http' }],
      resources: { cpu: 0.5, memory: '256m', max_retries: 2 },
    });
    expect(made).toEqual({
      id: Number.parseInt(made.container_id.slice(0, 12), 16),
      container_id: expect.stringMatching(/^[0-9a-f]{64}$/),
      name: 'first',
      status: 'running',
      image: 'python:3.9',
      command: 'python manager.app.py',
      entrypoint: null,
      resources: { cpu: 0.5, memory: '256m', max_retries: 2 },
      environment: { MODE: 'test' },
      created_at: '2026-01-01T00:00:00.000Z',
      started_at: '2026-01-01T00:00:00.000Z',
      terminated_at: null,
      last_active: '2026-01-01T00:00:00.000Z',
      exit_code: null,
      auto_remove: true,
      volumes: [],
      networks: [],
      ports: [
        {
          id: expect.any(Number),
          internal_port: 8080,
          external_port: 8080,
          protocol: 'http',
          url: expect.stringContaining(`/ports/8080/`),
        },
      ],
      urls: { 8080: expect.stringContaining(`/ports/8080/`) },
    });
  });

  it.each(['/api/v1/sandboxes', '/api/v1/sandboxes/', '/api/v1/api/v1/sandboxes', '/api/v1/api/v1/sandboxes/'])(
    'lists sandboxes at %s, as its base URL may have the prefix already',
    async (url) => {
      const { name } = await make({ name: 'listed' });
      expect((await manager.app.call('GET', url)).json()).toEqual({ sandboxes: [expect.objectContaining({ name })] });
    },
  );

  it('means by null that it says nothing of a field', async () => {
    const nothing = { name: null, volumes: null, environment: null, resources: null, command: null, entrypoint: null };
    const made = await make({ ...nothing, ports: null, auto_remove: null, force_build: null, build_context: null });
    expect(made).toMatchObject({
      ...{ name: expect.any(String), environment: {}, resources: { cpu: 1, memory: '512m' }, command: null },
      ...{ entrypoint: null, volumes: [], ports: [], auto_remove: true },
    });
  });

  it('may give each sandbox the same external port, which is the internal one where it names none', async () => {
    for (const name of ['one', 'other']) {
      const made = await make({ name, ports: [{ internal: 80, external: 8080 }, { internal: 443 }] });
      expect(made).toMatchObject({
        ports: [
          { internal_port: 80, external_port: 8080 },
          { internal_port: 443, external_port: 443 },
        ],
      });
    }
  });

  it('lists those of one status', async () => {
    const stopped = await make({ name: 'stopped' });
    await make({ name: 'running' });
    await manager.app.call('POST', at(stopped, '/stop?timeout=10'));
    const names = async (status: string) =>
      (await manager.app.call('GET', `${SANDBOXES}?status=${status}`)).json().sandboxes.map((one: Made) => one.name);
    expect([await names('running'), await names('exited'), await names('dead')]).toEqual([
      ['running'],
      ['stopped'],
      [],
    ]);
  });

  it('sends HTTP Basic, with the key as password of any user', async () => {
    const authorization = `Basic ${Buffer.from(`key:${API_KEY}`).toString('base64')}`;
    const answer = await manager.app.inject({ method: 'GET', url: SANDBOXES, headers: { authorization } });
    expect([answer.statusCode, answer.json()]).toEqual([200, { sandboxes: [] }]);
  });

  it('sends JSON without a body, which is none', async () => {
    const made = await make();
    const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
    const stopped = await manager.app.inject({ method: 'POST', url: at(made, '/stop'), headers });
    const deleted = await manager.app.inject({ method: 'DELETE', url: at(made), headers });
    expect([stopped.json(), deleted.json()]).toEqual([{ status: 'stopped' }, { status: 'deleted' }]);
  });

  it('names a sandbox by its id, the beginning of that, and its name', async () => {
    const made = await make({ name: 'my-name' });
    for (const id of [made.container_id, made.container_id.slice(0, 12), 'my-name']) {
      expect((await manager.app.call('GET', `${SANDBOXES}/${id}`)).json()).toMatchObject({
        container_id: made.container_id,
      });
    }
  });

  it('stops and starts as often as it likes', async () => {
    const made = await make();
    for (const [verb, status] of [
      ['stop', 'stopped'],
      ['stop', 'stopped'],
      ['start', 'started'],
      ['start', 'started'],
      ['restart', 'restarted'],
    ]) {
      const answer = await manager.app.call('POST', at(made, `/${verb}`));
      expect([answer.statusCode, answer.json()]).toEqual([200, { status }]);
    }
  });

  it('finds a stopped sandbox exited, with the time, and cannot run anything in it', async () => {
    const made = await make();
    manager.app.clock.nowMs += 5_000;
    await manager.app.call('POST', at(made, '/stop'));
    const found = (await manager.app.call('GET', at(made))).json();
    expect(found).toMatchObject({ status: 'exited', terminated_at: '2026-01-01T00:00:05.000Z' });
    const answer = await manager.app.call('POST', at(made, '/exec'), { command: 'true' });
    expect([answer.statusCode, answer.json()]).toEqual([409, { detail: 'Sandbox is stopped' }]);
  });

  it('reads what a command wrote, both streams and each', async () => {
    script(({ source }) => ({ stdout: `${source}\n`, stderr: 'oh\n', exitCode: 3 }));
    const answer = await manager.app.call('POST', at(await make(), '/exec'), { command: 'ls -la' });
    expect(answer.json()).toEqual({ output: 'ls -la\noh\n', stdout: 'ls -la\n', stderr: 'oh\n', exit_code: 3 });
  });

  it('reads a stream of text', async () => {
    script(() => ({ stdout: 'one\ntwo\n', stderr: 'three\n' }));
    const answer = await manager.app.call('POST', at(await make(), '/exec/stream'), { command: 'ls' });
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(answer.body).toBe('one\ntwo\nthree\n');
  });

  it('reads an error of a stream where it reads all errors', async () => {
    const made = await make();
    await manager.app.call('POST', at(made, '/stop'));
    const answer = await manager.app.call('POST', at(made, '/exec/stream'), { command: 'ls' });
    expect([answer.statusCode, answer.json()]).toEqual([409, { detail: 'Sandbox is stopped' }]);
  });

  it('updates the environment with a model, and finds all of it', async () => {
    const made = await make({ environment: { A: '1', B: '2' } });
    const merged = await manager.app.call('POST', at(made, '/env'), { environment: { B: '3', C: '4' }, merge: true });
    expect(merged.json()).toEqual({ status: 'updated', environment: { A: '1', B: '3', C: '4' } });
    const replaced = await manager.app.call('POST', at(made, '/env'), { environment: { D: '5' }, merge: false });
    expect(replaced.json()).toEqual({ status: 'updated', environment: { D: '5' } });
    expect((await manager.app.call('GET', at(made, '/env'))).json()).toEqual({ environment: { D: '5' } });
    expect((await manager.app.call('GET', at(made))).json()).toMatchObject({
      environment: { D: '5' },
      status: 'running',
    });
  });

  it('exports a folder under the name of the sandbox and the folder', async () => {
    const made = await make({ name: 'box' });
    const all = await manager.app.call('GET', at(made, '/export'));
    expect([all.headers['content-type'], all.headers['content-length']]).toEqual(['application/zip', undefined]);
    expect(all.headers['content-disposition']).toContain('filename="box.zip"');
    const folder = await manager.app.call('GET', at(made, '/export?folder_path=/workspace'));
    expect(folder.headers['content-disposition']).toContain('filename="box_workspace.zip"');
    const missing = await manager.app.call('GET', at(made, '/export?folder_path=/workspace/no'));
    expect([missing.statusCode, missing.json()]).toEqual([404, { detail: expect.any(String) }]);
  });
});

describe('the OpenAPI document of the manager', () => {
  it('has each route once, and no other API’s', async () => {
    const document = (await manager.app.inject({ url: '/docs/manager.json' })).json();
    const paths = Object.keys(document.paths);
    expect(document.info.title).toBe('Docker Sandbox Manager');
    expect(paths.filter((path) => !/^\/api\/v1\/(?:sandboxes|volumes|metrics|networks)(?:\/|$)/.test(path))).toEqual(
      [],
    );
    expect(Object.keys(document.components.schemas).every((name) => name.startsWith('Manager'))).toBe(true);
    const native = (await manager.app.inject({ url: '/docs/json' })).json();
    expect(JSON.stringify(native)).not.toContain('/api/v1');
  });
});
