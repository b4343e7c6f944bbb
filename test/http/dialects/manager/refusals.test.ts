import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API_KEY } from '../../../support/fake-app.ts';
import { at, managerApp, OTHER_KEY, SANDBOXES } from '../../../support/manager-app.ts';
import { until } from '../../../support/until.ts';

const manager = managerApp();
const { start, close, make, script, statusOf } = manager;

describe('a wrong request of SandboxClient of New-dev0/Sandbox', () => {
  beforeEach(start);
  afterEach(close);

  it('says of an unknown sandbox, of any route, that it is not there, and so of another key’s and of the engine’s own', async () => {
    const theirs = await make();
    const [container] = [...manager.app.engine.sandboxes.values()];
    const headers = { 'x-api-key': OTHER_KEY };
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
      for (const id of ['nobody', theirs.container_id, theirs.name, container?.id, container?.name]) {
        const payload = body === undefined ? {} : { payload: body };
        const answer = await manager.app.inject({ method, url: `${SANDBOXES}/${id}${rest}`, headers, ...payload });
        expect([rest, answer.statusCode, answer.json()]).toEqual([rest, 404, { detail: 'Sandbox not found' }]);
      }
    }
  });

  it('is told of a form whose files are all of other names, however large they are', async () => {
    const made = await make();
    const boundary = 'of-this-form';
    const part = `--${boundary}\r\nContent-Disposition: form-data; name="other"; filename="a.bin"\r\n\r\n${'x'.repeat(2 ** 20)}\r\n`;
    const answer = await manager.app.inject({
      method: 'POST',
      url: at(made, '/volumes/data/upload?path=/'),
      headers: { 'x-api-key': API_KEY, 'content-type': `multipart/form-data; boundary=${boundary}` },
      payload: `${part}${part}--${boundary}--\r\n`,
    });
    expect([answer.statusCode, answer.json()]).toEqual([422, { detail: 'file is missing.' }]);
  });

  it('is refused without a key, as JSON', async () => {
    const answer = await manager.app.inject({ method: 'GET', url: SANDBOXES });
    expect([answer.statusCode, answer.json()]).toEqual([401, { detail: 'Invalid API key' }]);
  });
});

describe('a name that SandboxClient of New-dev0/Sandbox gives', () => {
  beforeEach(start);
  afterEach(close);

  it('is taken once by one key, and by another as well', async () => {
    await make({ name: 'same' });
    const again = await manager.app.call('POST', SANDBOXES, { image: 'python:3.9', name: 'same' });
    expect([again.statusCode, again.json()]).toEqual([409, { detail: expect.stringContaining('same') }]);
    const headers = { 'x-api-key': OTHER_KEY };
    const payload = { image: 'python:3.9', name: 'same' };
    const theirs = await manager.app.inject({ method: 'POST', url: SANDBOXES, headers, payload });
    expect(theirs.statusCode).toBe(200);
    const mine = await manager.app.call('GET', `${SANDBOXES}/same`);
    expect(mine.json().container_id).not.toBe(theirs.json().container_id);
  });

  it('is that of one where several are made with it at the same time', async () => {
    const made = await Promise.all(
      Array.from({ length: 4 }, () => manager.app.call('POST', SANDBOXES, { image: 'python:3.9', name: 'same' })),
    );
    expect(made.map(({ statusCode }) => statusCode).sort()).toEqual([200, 409, 409, 409]);
    expect((await manager.app.call('GET', SANDBOXES)).json().sandboxes).toHaveLength(1);
  });

  it('is free again once its sandbox is deleted', async () => {
    await manager.app.call('DELETE', at(await make({ name: 'gone' })));
    await make({ name: 'gone' });
  });
});

describe('a timeout that SandboxClient of New-dev0/Sandbox sets', () => {
  beforeEach(start);
  afterEach(close);

  it('stops a sandbox so long after its start, whatever runs, until somebody starts it', async () => {
    script(() => new Promise(() => undefined));
    const made = await make({ command: 'serve', resources: { timeout: 3600 } });
    const updated = await manager.app.call('POST', at(made, '/timeout'), { timeout: 60 });
    expect(updated.json()).toEqual({ status: 'updated', timeout: 60 });
    manager.app.clock.nowMs += 61_000;
    await until('it has exited', async () => (await statusOf(made)) === 'exited');
    expect((await manager.app.call('POST', at(made, '/exec'), { command: 'ls' })).statusCode).toBe(409);
    await manager.app.call('POST', at(made, '/start'));
    expect(await statusOf(made)).toBe('running');
  });

  it('of 0 is none', async () => {
    const made = await make({ resources: { timeout: 60 } });
    await manager.app.call('POST', at(made, '/timeout'), { timeout: 0 });
    expect((await manager.app.call('GET', at(made))).json()).toMatchObject({ resources: { cpu: 1, memory: '512m' } });
  });
});

describe('a wrong body of SandboxClient of New-dev0/Sandbox', () => {
  beforeAll(start);
  afterAll(close);

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
    ['a name of a variable', { environment: { 'A-B': '1' } }, 422, 'has a name that must have letters'],
    ['a size without a unit', { resources: { memory: '512' } }, 422, 'memory'],
    ['too many CPUs', { resources: { cpu: 9 } }, 422, 'cpu'],
    ['more CPUs than the server gives', { resources: { cpu: 8 } }, 422, 'resources.cpu'],
    ['more memory than the server gives', { resources: { memory: '8g' } }, 422, 'resources.memory'],
    ['no time', { resources: { timeout: 0 } }, 422, 'timeout'],
    ['retries below none', { resources: { max_retries: -1 } }, 422, 'max_retries'],
    ['a quote that is open', { command: "echo 'a" }, 422, 'command'],
    ['another driver', { volumes: { data: { size: '64m', driver: 'nfs' } } }, 422, 'driver must be local, not nfs'],
    ['a driver that is no text', { volumes: { data: { size: '64m', driver: 5 } } }, 422, 'driver must be local'],
    [
      'nine volumes',
      { volumes: Object.fromEntries(Array.from('abcdefghi', (name) => [name, { size: '16m' }])) },
      422,
      'volumes',
    ],
    ['a size of a volume', { volumes: { data: { size: '64' } } }, 422, 'size'],
    ['a system folder', { volumes: { data: { size: '64m', mount_path: '/etc/x' } } }, 422, 'mount_path'],
    ['volumes where nothing holds their size', { volumes: { data: { size: '64m' } } }, 501, 'volumes'],
    ['a device', { resources: { gpu: 'H100' } }, 422, 'gpu'],
    ['a build', { force_build: true, build_context: { context_path: '/' } }, 501, 'SANDBOX_BUILDS'],
    ['an image that is not there', { image: 'absent:1' }, 404, 'absent:1'],
  ])('has a sentence about %s', async (_what, body, status, word) => {
    const answer = await manager.app.call('POST', SANDBOXES, { image: 'python:3.9', ...body });
    expect([answer.statusCode, answer.json()]).toEqual([status, { detail: expect.stringContaining(word) }]);
  });
});
