import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API_KEY, type FakeApp, speaking, startFakeApp, WITH_DOCUMENTS } from '../../../support/fake-app.ts';

let fake: FakeApp;

async function start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
  fake = await startFakeApp(variables, undefined, { ...speaking('k2'), ...WITH_DOCUMENTS });
}

const close = () => fake.close();

const BASIC = `Basic ${Buffer.from(`whoever:${API_KEY}`).toString('base64')}`;

async function make(body: object = {}): Promise<string> {
  return (await fake.call('POST', '/sandboxes', body)).json().sandbox_id;
}

describe('a K2 client', () => {
  beforeEach(() => start());
  afterEach(close);

  it('makes sandboxes with the body of the guide, and finds all fields of it', async () => {
    const made = await fake.call('POST', '/sandboxes', {
      template: 'k2data/sandbox-base:latest',
      cwd: '/home/user',
      envs: { ENV_VAR: 'value' },
      timeout: 300,
      metadata: { purpose: 'testing', id: 'mine', sandbox_id: 'mine' },
    });
    const { sandbox_id: id, created_at: at } = made.json();
    const metadata = { purpose: 'testing', id: 'mine', sandbox_id: 'mine' };
    const shown = { sandbox_id: id, id, status: 'running', state: 'running', created_at: at, metadata };
    const template = 'k2data/sandbox-base:latest';
    expect(made.json()).toEqual({ ...shown, template, timeout: 300 });
    expect(id).toMatch(/^[0-9a-f]{32}$/);
    expect(Date.parse(at)).toBe(fake.clock.wallMs());
    expect((await fake.call('GET', `/sandboxes/${id}`)).json()).toEqual({ ...shown, template, timeout: 300 });
    expect((await fake.call('GET', '/sandboxes')).json()).toEqual({ sandboxes: [{ ...shown, template }] });
    expect((await fake.call('DELETE', `/sandboxes/${id}`)).json()).toEqual({ sandbox_id: id, status: 'deleted' });
    expect((await fake.call('DELETE', `/sandboxes/${id}`)).json()).toEqual({ detail: 'Sandbox not found' });
  });

  it('that names nothing gets 300 seconds and the usual template, which lists show', async () => {
    const template = 'k2data/sandbox-base:latest';
    const made = await fake.call('POST', '/sandboxes', {});
    expect(made.json()).toMatchObject({ status: 'running', timeout: 300, template, metadata: {} });
    expect((await fake.call('GET', '/sandboxes')).json().sandboxes).toMatchObject([{ template, metadata: {} }]);
  });

  it('that names no timeout for its code has 300 seconds, and else whole milliseconds', async () => {
    const id = await make();
    for (const timeout of [undefined, null, 7, 16.1]) {
      await fake.call('POST', `/sandboxes/${id}/code`, { code: '1', timeout });
    }
    const [container] = [...fake.engine.sandboxes.values()];
    const asked = container?.agent.requests.filter(({ timeoutMs }) => timeoutMs !== undefined);
    expect(asked?.map(({ timeoutMs }) => timeoutMs)).toEqual([300_000, 300_000, 7_000, 16_100]);
  });

  it('of the later SDK names image and environment, and finds id and state', async () => {
    const image = 'k2-sandbox/code-interpreter:latest';
    const made = await fake.call('POST', '/sandboxes', { image, environment: { E2B_LOCAL: 'True' }, timeout: 300 });
    expect(made.json()).toMatchObject({ id: expect.any(String), state: 'running', template: image });
    let env = {};
    for (const { agent } of [...fake.engine.sandboxes.values()]) {
      agent.onRun = (run) => {
        env = run.env;
        return {};
      };
    }
    await fake.call('POST', `/sandboxes/${made.json().id}/command`, { command: 'env' });
    expect(env).toEqual({ E2B_LOCAL: 'True' });
  });

  it('has many sandboxes for one key, listed in the order in which they were made', async () => {
    const ids: string[] = [];
    for (const nothing of [{}, { metadata: null, cwd: null, envs: null, timeout: null, template: null }, undefined]) {
      ids.push((await fake.call('POST', '/sandboxes', nothing)).json().sandbox_id);
      fake.clock.nowMs += 1000;
    }
    const listed = (await fake.call('GET', '/sandboxes')).json().sandboxes;
    expect(listed.map((each: { sandbox_id: string }) => each.sandbox_id)).toEqual(ids);
    expect(new Set(ids).size).toBe(3);
  });

  it('may send a JSON content type with no body, and a body with no more than it knows', async () => {
    const id = await make();
    const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
    for (const url of ['/sandboxes', `/sandboxes/${id}`]) {
      expect((await fake.inject({ method: 'GET', url, headers })).statusCode).toBe(200);
    }
    expect((await fake.inject({ method: 'POST', url: '/sandboxes', headers })).statusCode).toBe(200);
    expect((await fake.inject({ method: 'DELETE', url: `/sandboxes/${id}`, headers })).json().status).toBe('deleted');
    expect((await fake.call('POST', '/sandboxes', { of_a_later_version: true })).statusCode).toBe(200);
  });

  it('shows the key as the password of Basic, as requests makes it of a URL', async () => {
    expect((await fake.inject({ url: '/sandboxes', headers: { authorization: BASIC } })).statusCode).toBe(200);
    const refused = await fake.inject({ url: '/sandboxes', headers: { authorization: 'Basic d2hvOmV2ZXI=' } });
    expect(refused.json()).toEqual({ detail: 'Invalid API key' });
    expect(refused.statusCode).toBe(401);
    expect((await fake.inject({ url: '/' })).json()).toEqual({ message: expect.any(String) });
  });

  it('is told of an image that is not to be had by 404', async () => {
    const refused = await fake.call('POST', '/sandboxes', { template: 'somebody/else:1' });
    expect(refused.statusCode).toBe(404);
    expect(refused.json().detail).toContain('somebody/else:1');
  });

  it('reads or writes no file without its path', async () => {
    const url = `/sandboxes/${await make()}/filesystem`;
    for (const [body, detail] of [
      [{ action: 'read' }, 'Path is required'],
      [{ action: 'delete', path: '' }, 'Path is required'],
      [{ action: 'write', path: '/workspace/a' }, 'Path and content are required'],
      [{ action: 'write', content: '' }, 'Path and content are required'],
      [{ action: 'move', path: '/workspace/a' }, 'Unsupported action: move'],
    ] as const) {
      const answer = await fake.call('POST', url, body);
      expect([answer.statusCode, answer.json()]).toEqual([400, { detail }]);
    }
  });

  it('acts on a sandbox: stop, kill, restart, and a timeout that must be one', async () => {
    const id = await make();
    const act = async (body: object) => {
      const answer = await fake.call('POST', `/sandboxes/${id}/actions`, body);
      return [answer.statusCode, answer.json().status ?? answer.json().detail];
    };
    const status = async () => (await fake.call('GET', '/sandboxes')).json().sandboxes[0].status;
    expect(await act({ action: 'stop' })).toEqual([200, 'stopped']);
    expect(await status()).toBe('stopped');
    expect(await act({ action: 'stop' })).toEqual([200, 'stopped']);
    expect(await act({ action: 'restart', timeout: null })).toEqual([200, 'running']);
    expect(await act({ action: 'kill' })).toEqual([200, 'killed']);
    expect(await status()).toBe('stopped');
    expect(await act({ action: 'set_timeout', timeout: 700 })).toEqual([200, 'stopped']);
    expect((await fake.call('GET', `/sandboxes/${id}`)).json()).toMatchObject({ status: 'stopped', timeout: 700 });
    for (const timeout of [undefined, null, 0, -1, 1.5, '60', true]) {
      expect(await act({ action: 'set_timeout', timeout })).toEqual([400, 'Timeout value is required']);
    }
    expect((await act({ action: 'set_timeout', timeout: 2_592_001 }))[0]).toBe(422);
    expect(await act({ action: 'freeze' })).toEqual([400, 'Unsupported action: freeze']);
    expect((await act({}))[0]).toBe(422);
  });
});

describe('the names of images of published examples of K2', () => {
  afterEach(close);

  const imageOf = (): string | undefined => [...fake.engine.sandboxes.values()].at(-1)?.spec.image;

  it.each(['k2data/other:1', 'k2-sandbox/base:latest', 'python:3.9', 'docker.io/library/python:3'])(
    '%s means the own image, whatever the default is, and is shown as it was asked for',
    async (template) => {
      await start({ SANDBOX_DOCKER_IMAGE: 'operators:1' });
      const made = await fake.call('POST', '/sandboxes', { template });
      expect(made.json()).toMatchObject({ status: 'running', template });
      expect(imageOf()).toBe('clara-sandbox:latest');
      expect((await fake.call('GET', '/sandboxes')).json().sandboxes[0].template).toBe(template);
    },
  );

  it('mean themselves where the operator lists them and the engine has them', async () => {
    await start({ SANDBOX_DOCKER_IMAGES: 'python:3.9, python:3.10' });
    fake.engine.images.absent.add('python:3.10');
    await make({ template: 'python:3.9' });
    expect(imageOf()).toBe('python:3.9');
    await make({ template: 'python:3.10' });
    expect(imageOf()).toBe('clara-sandbox:latest');
  });

  it('open nothing in the native API', async () => {
    await start({ SANDBOX_DOCKER_IMAGE: 'operators:1' });
    expect((await fake.call('POST', '/sandbox/u/create', { image: 'clara-sandbox:latest' })).statusCode).toBe(422);
    expect((await fake.call('POST', '/sandbox/u/create', { image: 'python:3.9' })).statusCode).toBe(422);
  });
});

describe('a K2 client whose requests are refused', () => {
  beforeAll(() => start());
  afterAll(close);
  // Wrong keys of one address are few in a while.
  beforeEach(() => {
    fake.clock.nowMs += 60_000;
  });

  it.each([
    ['POST', '/sandboxes'],
    ['GET', '/sandboxes'],
    ['GET', '/sandboxes/x'],
    ['DELETE', '/sandboxes/x'],
    ['POST', '/sandboxes/x/actions'],
    ['POST', '/sandboxes/x/code'],
    ['POST', '/sandboxes/x/command'],
    ['POST', '/sandboxes/x/services/49999/execute'],
    ['POST', '/sandboxes/x/filesystem'],
  ] as const)('without a key is let in nowhere but at the root: %s %s', async (method, url) => {
    for (const headers of [{}, { 'x-api-key': 'wrong' }, { authorization: 'Bearer wrong' }]) {
      const answer = await fake.inject({ method, url, headers: { ...headers, 'content-type': 'application/json' } });
      expect([answer.statusCode, answer.json()]).toEqual([401, { detail: expect.any(String) }]);
    }
  });

  it.each([
    ['POST', '/sandboxes/x/unknown', 404],
    ['PUT', '/sandboxes', 405],
    ['GET', '/sandboxes/x/code', 405],
    ['GET', '/sandboxes/x', 404],
    ['GET', '/sandboxes/%ff', 422],
  ] as const)('reads why in detail where it fails: %s %s is %d', async (method, url, status) => {
    const answer = await fake.call(method, url);
    expect(answer.statusCode).toBe(status);
    expect(answer.json().detail).toBeTruthy();
  });

  it.each([
    [{ timeout: 0 }, 'timeout'],
    [{ timeout: 1.5 }, 'timeout'],
    [{ timeout: 2_592_001 }, 'timeout'],
    [{ timeout: 'soon' }, 'timeout'],
    [{ envs: { 'A=B': '1' } }, 'envs'],
    [{ envs: { A: 1 } }, 'envs'],
    [{ metadata: { a: 1 } }, 'metadata'],
    [{ metadata: 'a' }, 'metadata'],
    [{ cwd: '' }, 'cwd'],
    [{ template: 5 }, 'template'],
  ])('is told of the field where %j makes no sandbox', async (body, field) => {
    const answer = await fake.call('POST', '/sandboxes', body);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().detail[0].loc.slice(0, 2)).toEqual(['body', field]);
    expect((await fake.call('GET', '/sandboxes')).json()).toEqual({ sandboxes: [] });
  });
});
