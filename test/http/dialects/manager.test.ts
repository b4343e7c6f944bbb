import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashKey } from '../../../src/auth/api-keys.ts';
import type { RunScript } from '../../fakes/fake-run.ts';
import { API_KEY, type FakeApp, speaking, startFakeApp } from '../../support/fake-app.ts';
import { until } from '../../support/until.ts';

const OTHER_KEY = 'the key of another';

const SANDBOXES = '/api/v1/sandboxes';

let app: FakeApp;

beforeEach(async () => {
  app = await startFakeApp({ SANDBOX_API_KEYS: `other:sha256:${hashKey(OTHER_KEY).toString('hex')}` }, undefined, {
    ...speaking('manager'),
    wait: async () => undefined,
  });
});

afterEach(async () => {
  await app.close();
});

async function make(body: Readonly<Record<string, unknown>> = {}): Promise<Made> {
  const made = await app.call('POST', SANDBOXES, { image: 'python:3.9', ...body });
  expect([made.statusCode, made.json()]).toEqual([200, expect.objectContaining({ container_id: expect.any(String) })]);
  return made.json();
}

interface Made {
  readonly container_id: string;
  readonly name: string;
}

const at = ({ container_id }: Made, rest = '') => `${SANDBOXES}/${container_id}${rest}`;

/** What each agent that is made from now on does when it is to run something. */
function script(run: RunScript): void {
  app.engine.onAgent = (agent) => {
    agent.onRun = run;
  };
}

const statusOf = async (made: Made) => (await app.call('GET', at(made))).json().status;

describe('SandboxClient of New-dev0/Sandbox', () => {
  it('finds every key that its model of a sandbox wants', async () => {
    script(() => new Promise(() => undefined));
    const made = await make({
      name: 'first',
      command: 'python app.py',
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
      command: 'python app.py',
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
      expect((await app.call('GET', url)).json()).toEqual({ sandboxes: [expect.objectContaining({ name })] });
    },
  );

  it('lists those of one status', async () => {
    const stopped = await make({ name: 'stopped' });
    await make({ name: 'running' });
    await app.call('POST', at(stopped, '/stop?timeout=10'));
    const names = async (status: string) =>
      (await app.call('GET', `${SANDBOXES}?status=${status}`)).json().sandboxes.map((one: Made) => one.name);
    expect([await names('running'), await names('exited'), await names('dead')]).toEqual([
      ['running'],
      ['stopped'],
      [],
    ]);
  });

  it('sends HTTP Basic, with the key as password of any user', async () => {
    const authorization = `Basic ${Buffer.from(`key:${API_KEY}`).toString('base64')}`;
    const answer = await app.inject({ method: 'GET', url: SANDBOXES, headers: { authorization } });
    expect([answer.statusCode, answer.json()]).toEqual([200, { sandboxes: [] }]);
  });

  it('sends JSON without a body, which is none', async () => {
    const made = await make();
    const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
    const stopped = await app.inject({ method: 'POST', url: at(made, '/stop'), headers });
    const deleted = await app.inject({ method: 'DELETE', url: at(made), headers });
    expect([stopped.json(), deleted.json()]).toEqual([{ status: 'stopped' }, { status: 'deleted' }]);
  });

  it('names a sandbox by its id, the beginning of that, and its name', async () => {
    const made = await make({ name: 'my-name' });
    for (const id of [made.container_id, made.container_id.slice(0, 12), 'my-name']) {
      expect((await app.call('GET', `${SANDBOXES}/${id}`)).json()).toMatchObject({ container_id: made.container_id });
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
      const answer = await app.call('POST', at(made, `/${verb}`));
      expect([answer.statusCode, answer.json()]).toEqual([200, { status }]);
    }
  });

  it('finds a stopped sandbox exited, with the time, and cannot run anything in it', async () => {
    const made = await make();
    app.clock.nowMs += 5_000;
    await app.call('POST', at(made, '/stop'));
    const found = (await app.call('GET', at(made))).json();
    expect(found).toMatchObject({ status: 'exited', terminated_at: '2026-01-01T00:00:05.000Z' });
    const answer = await app.call('POST', at(made, '/exec'), { command: 'true' });
    expect([answer.statusCode, answer.json()]).toEqual([409, { detail: 'Sandbox is stopped' }]);
  });

  it('reads what a command wrote, both streams and each', async () => {
    script(({ source }) => ({ stdout: `${source}\n`, stderr: 'oh\n', exitCode: 3 }));
    const answer = await app.call('POST', at(await make(), '/exec'), { command: 'ls -la' });
    expect(answer.json()).toEqual({ output: 'ls -la\noh\n', stdout: 'ls -la\n', stderr: 'oh\n', exit_code: 3 });
  });

  it('reads a stream of text', async () => {
    script(() => ({ stdout: 'one\ntwo\n', stderr: 'three\n' }));
    const answer = await app.call('POST', at(await make(), '/exec/stream'), { command: 'ls' });
    expect(answer.headers['content-type']).toBe('text/plain; charset=utf-8');
    expect(answer.body).toBe('one\ntwo\nthree\n');
  });

  it('reads an error of a stream where it reads all errors', async () => {
    const made = await make();
    await app.call('POST', at(made, '/stop'));
    const answer = await app.call('POST', at(made, '/exec/stream'), { command: 'ls' });
    expect([answer.statusCode, answer.json()]).toEqual([409, { detail: 'Sandbox is stopped' }]);
  });

  it('updates the environment with a model, and finds all of it', async () => {
    const made = await make({ environment: { A: '1', B: '2' } });
    const merged = await app.call('POST', at(made, '/env'), { environment: { B: '3', C: '4' }, merge: true });
    expect(merged.json()).toEqual({ status: 'updated', environment: { A: '1', B: '3', C: '4' } });
    const replaced = await app.call('POST', at(made, '/env'), { environment: { D: '5' }, merge: false });
    expect(replaced.json()).toEqual({ status: 'updated', environment: { D: '5' } });
    expect((await app.call('GET', at(made, '/env'))).json()).toEqual({ environment: { D: '5' } });
    expect((await app.call('GET', at(made))).json()).toMatchObject({ environment: { D: '5' }, status: 'running' });
  });

  it('exports a folder under the name of the sandbox and the folder', async () => {
    const made = await make({ name: 'box' });
    const all = await app.call('GET', at(made, '/export'));
    expect([all.headers['content-type'], all.headers['content-length']]).toEqual(['application/zip', undefined]);
    expect(all.headers['content-disposition']).toContain('filename="box.zip"');
    const folder = await app.call('GET', at(made, '/export?folder_path=/workspace'));
    expect(folder.headers['content-disposition']).toContain('filename="box_workspace.zip"');
    const missing = await app.call('GET', at(made, '/export?folder_path=/workspace/no'));
    expect([missing.statusCode, missing.json()]).toEqual([404, { detail: expect.any(String) }]);
  });
});

describe('a main process', () => {
  it('is what the command says, split as a shell would, and sees the environment', async () => {
    const seen: unknown[] = [];
    script(({ argv, env }) => {
      seen.push([argv, env.MODE]);
      return new Promise(() => undefined);
    });
    const made = await make({ command: `python -c 'print("a b")'`, environment: { MODE: 'x' } });
    expect(seen).toEqual([[['python', '-c', 'print("a b")'], 'x']]);
    expect(made).toMatchObject({ status: 'running', command: `python -c 'print("a b")'` });
  });

  it('is one argument behind an entrypoint that ends in -c', async () => {
    const seen: unknown[] = [];
    script(({ argv }) => {
      seen.push(argv);
      return new Promise(() => undefined);
    });
    const made = await make({ entrypoint: ['sh', '-c'], command: 'echo a | cat' });
    expect(seen).toEqual([['sh', '-c', 'echo a | cat']]);
    expect(made).toMatchObject({ entrypoint: 'sh -c' });
    expect((await app.call('GET', at(made, '/entrypoint'))).json()).toEqual({
      entrypoint: ['sh', '-c'],
      command: ['echo a | cat'],
    });
  });

  it('fills the logs, and its end is that of the sandbox', async () => {
    script(() => ({ stdout: 'ready\ndone\n', stderr: 'careful\n', exitCode: 4 }));
    const made = await make({ command: 'python app.py' });
    await until('it has exited', async () => (await statusOf(made)) === 'exited');
    expect((await app.call('GET', at(made))).json()).toMatchObject({ exit_code: 4 });
    const { logs } = (await app.call('GET', at(made, '/logs'))).json();
    expect(logs).toEqual([
      { timestamp: expect.any(String), log_type: 'stdout', level: 'info', message: 'ready' },
      { timestamp: expect.any(String), log_type: 'stdout', level: 'info', message: 'done' },
      { timestamp: expect.any(String), log_type: 'stderr', level: 'error', message: 'careful' },
      {
        timestamp: expect.any(String),
        log_type: 'system',
        level: 'error',
        message: 'The main process ended with exit code 4.',
      },
    ]);
    const later = await app.call('GET', at(made, '/logs?since=2026-01-01T00:00:01Z'));
    expect(later.json()).toEqual({ logs: [] });
  });

  it('is started again as often as max_retries says, and three times in five minutes is an alert', async () => {
    let runs = 0;
    script(() => {
      runs += 1;
      return { exitCode: 1 };
    });
    const made = await make({ command: 'false', resources: { max_retries: 3 } });
    await until('it has exited', async () => (await statusOf(made)) === 'exited');
    expect(runs).toBe(4);
    await until('there is an alert', async () => (await app.call('GET', at(made, '/alerts'))).json().alerts.length > 0);
    expect((await app.call('GET', at(made, '/alerts'))).json()).toEqual({
      alerts: [expect.objectContaining({ alert_type: 'restart_loop', severity: 'critical' })],
    });
  });

  it('is another after its entrypoint was updated, in the same sandbox', async () => {
    const seen: unknown[] = [];
    script(({ argv }) => {
      seen.push(argv);
      return new Promise(() => undefined);
    });
    const made = await make({ command: 'python one.py' });
    const updated = await app.call('POST', at(made, '/entrypoint'), { command: ['python', 'two.py'] });
    expect(updated.json()).toEqual({ status: 'updated', entrypoint: null, command: ['python', 'two.py'] });
    expect(seen).toEqual([
      ['python', 'one.py'],
      ['python', 'two.py'],
    ]);
    expect((await app.call('GET', at(made))).json()).toMatchObject({ status: 'running', command: 'python two.py' });
  });

  it('is restarted with its sandbox', async () => {
    let runs = 0;
    script(() => {
      runs += 1;
      return new Promise(() => undefined);
    });
    const made = await make({ command: 'serve' });
    await app.call('POST', at(made, '/restart'));
    await app.call('POST', at(made, '/stop'));
    await app.call('POST', at(made, '/start'));
    expect([runs, await statusOf(made)]).toEqual([3, 'running']);
  });
});

describe('a request that is wrong', () => {
  it.each([
    ['no image', { image: undefined }, 422, 'image'],
    ['an image without a tag', { image: 'python' }, 422, 'image'],
    ['a port twice', { ports: [{ port: 80 }, { internal: 80 }] }, 422, 'ports'],
    [
      'an external port twice',
      {
        ports: [
          { port: 80, external: 9 },
          { port: 81, external: 9 },
        ],
      },
      422,
      'ports',
    ],
    [
      'a subdomain twice',
      {
        ports: [
          { port: 80, subdomain: 'abc' },
          { port: 81, subdomain: 'abc' },
        ],
      },
      422,
      'ports',
    ],
    ['a subdomain that means a port', { ports: [{ port: 80, subdomain: '80-abc' }] }, 422, 'subdomain'],
    ['a subdomain that is kept', { ports: [{ port: 80, subdomain: 'www' }] }, 422, 'subdomain'],
    ['a port that is none', { ports: [{ port: 65_536 }] }, 422, 'port'],
    ['a protocol that is none', { ports: [{ port: 1, protocol: 'ftp' }] }, 422, 'protocol'],
    ['a name of a variable', { environment: { 'A-B': '1' } }, 422, 'environment'],
    ['a size without a unit', { resources: { memory: '512' } }, 422, 'memory'],
    ['too many CPUs', { resources: { cpu: 9 } }, 422, 'cpu'],
    ['more CPUs than the server gives', { resources: { cpu: 8 } }, 422, 'resources.cpu'],
    ['more memory than the server gives', { resources: { memory: '8g' } }, 422, 'resources.memory'],
    ['no time', { resources: { timeout: 0 } }, 422, 'timeout'],
    ['retries below none', { resources: { max_retries: -1 } }, 422, 'max_retries'],
    ['a quote that is open', { command: "echo 'a" }, 422, 'command'],
    ['another driver', { volumes: { data: { size: '64m', driver: 'nfs' } } }, 422, 'driver'],
    ['a size of a volume', { volumes: { data: { size: '64' } } }, 422, 'size'],
    ['a system folder', { volumes: { data: { size: '64m', mount_path: '/etc/x' } } }, 422, 'mount_path'],
    ['volumes where nothing holds their size', { volumes: { data: { size: '64m' } } }, 501, 'volumes'],
    ['a device', { resources: { gpu: 'H100' } }, 422, 'gpu'],
    ['a build', { force_build: true, build_context: { context_path: '/' } }, 501, 'SANDBOX_DOCKER_IMAGES'],
    ['an image that is not there', { image: 'absent:1' }, 404, 'absent:1'],
  ])('has a sentence about %s', async (_what, body, status, word) => {
    const answer = await app.call('POST', SANDBOXES, { image: 'python:3.9', ...body });
    expect([answer.statusCode, answer.json()]).toEqual([status, { detail: expect.stringContaining(word) }]);
  });

  it('says of an unknown sandbox, of any route, that it is not there', async () => {
    for (const [method, rest, body] of [
      ['GET', '', undefined],
      ['DELETE', '', undefined],
      ['POST', '/stop', undefined],
      ['POST', '/start', undefined],
      ['POST', '/restart', undefined],
      ['POST', '/exec', { command: 'ls' }],
      ['POST', '/exec/stream', { command: 'ls' }],
      ['GET', '/env', undefined],
      ['POST', '/env', { environment: {} }],
      ['GET', '/entrypoint', undefined],
      ['POST', '/entrypoint', { command: 'ls' }],
      ['POST', '/timeout', { timeout: 1 }],
      ['GET', '/export', undefined],
      ['GET', '/urls', undefined],
      ['GET', '/logs', undefined],
      ['GET', '/metrics', undefined],
      ['GET', '/alerts', undefined],
      ['GET', '/stats', undefined],
      ['GET', '/volumes/data/ls', undefined],
    ] as const) {
      const answer = await app.call(method, `${SANDBOXES}/nobody${rest}`, body);
      expect([rest, answer.statusCode, answer.json()]).toEqual([rest, 404, { detail: 'Sandbox not found' }]);
    }
  });

  it('is refused without a key, as JSON', async () => {
    const answer = await app.inject({ method: 'GET', url: SANDBOXES });
    expect([answer.statusCode, answer.json()]).toEqual([401, { detail: 'Invalid API key' }]);
  });
});

describe('a name', () => {
  it('is taken once by one key, and by another as well', async () => {
    await make({ name: 'same' });
    const again = await app.call('POST', SANDBOXES, { image: 'python:3.9', name: 'same' });
    expect([again.statusCode, again.json()]).toEqual([409, { detail: expect.stringContaining('same') }]);
    const headers = { 'x-api-key': OTHER_KEY };
    const payload = { image: 'python:3.9', name: 'same' };
    const theirs = await app.inject({ method: 'POST', url: SANDBOXES, headers, payload });
    expect(theirs.statusCode).toBe(200);
    const mine = await app.call('GET', `${SANDBOXES}/same`);
    expect(mine.json().container_id).not.toBe(theirs.json().container_id);
  });

  it('is free again once its sandbox is deleted', async () => {
    await app.call('DELETE', at(await make({ name: 'gone' })));
    await make({ name: 'gone' });
  });
});

describe('a timeout', () => {
  it('stops a sandbox so long after its start, whatever runs, until somebody starts it', async () => {
    script(() => new Promise(() => undefined));
    const made = await make({ command: 'serve', resources: { timeout: 3600 } });
    const updated = await app.call('POST', at(made, '/timeout'), { timeout: 60 });
    expect(updated.json()).toEqual({ status: 'updated', timeout: 60 });
    app.clock.nowMs += 61_000;
    await until('it has exited', async () => (await statusOf(made)) === 'exited');
    expect((await app.call('POST', at(made, '/exec'), { command: 'ls' })).statusCode).toBe(409);
    await app.call('POST', at(made, '/start'));
    expect(await statusOf(made)).toBe('running');
  });

  it('of 0 is none', async () => {
    const made = await make({ resources: { timeout: 60 } });
    await app.call('POST', at(made, '/timeout'), { timeout: 0 });
    expect((await app.call('GET', at(made))).json()).toMatchObject({ resources: { cpu: 1, memory: '512m' } });
  });
});

describe('the OpenAPI document of the manager', () => {
  it('has each route once, and no other API’s', async () => {
    const document = (await app.inject({ url: '/docs/manager.json' })).json();
    const paths = Object.keys(document.paths);
    expect(document.info.title).toBe('Docker Sandbox Manager');
    expect(paths.filter((path) => !/^\/api\/v1\/(?:sandboxes|volumes|metrics|networks)(?:\/|$)/.test(path))).toEqual(
      [],
    );
    expect(Object.keys(document.components.schemas).every((name) => name.startsWith('Manager'))).toBe(true);
    const native = (await app.inject({ url: '/docs/json' })).json();
    expect(JSON.stringify(native)).not.toContain('/api/v1');
  });
});
