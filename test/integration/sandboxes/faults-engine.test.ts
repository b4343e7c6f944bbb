import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { createDockerEngine } from '../../../src/engines/docker/docker-engine.ts';
import type { Engine } from '../../../src/engines/engine.ts';
import { type EngineProxy, openEngineProxy } from '../../support/engine-proxy.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';
import { NO_TRACES, readTraces, readTracesAtRest } from '../../support/traces.ts';

const run = promisify(execFile);
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const DISK = { SANDBOX_DISK_LIMIT: '64m' };

/** Calls that nobody answers need not be waited for long, in milliseconds; those that are answered may take their time. */
const HASTY_MS = 2_000;
const PATIENT_MS = 30_000;

async function start(
  variables: Readonly<Record<string, string>> = {},
): Promise<{ server: RealServer; proxy: EngineProxy }> {
  const proxy = await openEngineProxy();
  closers.push(() => proxy.close());
  const server = await startRealServer({ ...DISK, ...variables }, { engine: engineOn(proxy) });
  closers.push(() => server.close());
  return { server, proxy };
}

function engineOn(proxy: EngineProxy): Engine {
  const hasty = createDockerEngine({ socketPath: proxy.socketPath, callTimeoutMs: HASTY_MS });
  const patient = createDockerEngine({ socketPath: proxy.socketPath, callTimeoutMs: PATIENT_MS });
  const close = () => Promise.all([hasty.close(), patient.close()]);
  return new Proxy(patient, {
    get: (_, name) => (name === 'close' ? close : Reflect.get(proxy.hangs() ? hasty : patient, name)),
  });
}

async function startPlain(variables: Readonly<Record<string, string>> = {}): Promise<RealServer> {
  const server = await startRealServer({ ...DISK, ...variables });
  closers.push(() => server.close());
  return server;
}

async function containerOf(server: RealServer): Promise<string> {
  const id = (await readTraces(server.dataDir)).containers[0];
  if (!id) throw new Error('The server has no container.');
  return id;
}

const READ_KEPT = "print(open('kept.txt').read())";

/** What must hold after every fault: the file is there, one container is, and the sandbox can be deleted without a trace. */
async function expectHealed(server: RealServer): Promise<void> {
  expect((await server.execute('u', READ_KEPT)).body).toMatchObject({ success: true, output: 'kept\n' });
  expect((await readTraces(server.dataDir)).containers).toHaveLength(1);
  expect((await server.call('DELETE', '/sandbox/u')).body).toEqual({ status: 'deleted', files_preserved: true });
  expect(await readTracesAtRest(server.dataDir, 0)).toEqual(NO_TRACES);
}

function timers(): number {
  return process.getActiveResourcesInfo().filter((kind) => kind === 'Timeout').length;
}

describe('an engine that accepts and never answers', () => {
  it('makes health unhealthy and every call a 503, holds nothing on to them, and is used again when it answers', async () => {
    const { server, proxy } = await start();
    await server.execute('u', "open('kept.txt', 'w').write('kept')");
    const timersBefore = timers();
    proxy.hang();

    expect((await server.call('GET', '/health')).body).toMatchObject({ status: 'unhealthy', docker: false });
    const calls = [
      ['POST', '/sandbox/other/create'],
      ['POST', '/sandbox/u/stop'],
      ['POST', '/sandbox/u/restart'],
      ['DELETE', '/sandbox/u'],
    ] as const;
    const crowd = Array.from({ length: 20 }, (_, index) => ['POST', `/sandbox/other-${index}/create`] as const);
    // Its agent knows, unless the stop has ended the connection to it.
    const status = server.call('GET', '/sandbox/u/status');
    const answers = await Promise.all([...calls, ...crowd].map(([method, path]) => server.call(method, path)));
    expect(answers.map(({ status }) => status)).toEqual(answers.map(() => 503));
    for (const { body } of answers) expect(body.error).toMatch(/engine|still/);
    expect([200, 503]).toContain((await status).status);

    proxy.restore();
    expect((await server.call('GET', '/health')).body).toMatchObject({ status: 'healthy' });
    await expectHealed(server);
    expect(timers()).toBeLessThan(timersBefore + 20);
    expect(proxy.connections()).toBeLessThan(20);
  });

  it('lets the server start, which is well once it answers', async () => {
    const { server, proxy } = await start();
    await server.execute('u', "open('kept.txt', 'w').write('kept')");
    await server.leave();
    proxy.hang();
    const second = await startRealServer({ ...DISK, SANDBOX_DATA_DIR: server.dataDir }, { engine: engineOn(proxy) });
    closers.push(() => second.leave());
    expect((await second.call('GET', '/health')).body).toMatchObject({ status: 'unhealthy' });
    expect((await second.execute('u', READ_KEPT)).status).toBe(503);
    proxy.restore();
    await expectHealed(second);
  });
});

describe('an engine that stands still for a moment', () => {
  it('makes calls wait, and loses none of them', async () => {
    const { server, proxy } = await start();
    await server.execute('u', "open('kept.txt', 'w').write('kept')");
    proxy.stall();
    const reading = server.execute('u', READ_KEPT);
    const creating = server.execute('v', 'print(1)');
    const first = await Promise.race([creating, server.call('GET', '/health')]);
    expect(first.body).toMatchObject({ status: 'unhealthy' });
    proxy.flow();
    expect((await reading).body).toMatchObject({ success: true, output: 'kept\n' });
    expect((await creating).body).toMatchObject({ success: true, output: '1\n' });
    await server.call('DELETE', '/sandbox/v');
    await expectHealed(server);
  });
});

describe('an engine that cuts all its connections', () => {
  it('fails the calls whose streams it carried, keeps what ran and serves the next call', async () => {
    const { server, proxy } = await start({ SANDBOX_AGENT_TRANSPORT: 'exec' });
    await server.execute('u', "open('kept.txt', 'w').write('kept')");
    const id = await containerOf(server);
    const running = server.execute('u', "open('begun', 'w').close()\nimport time\ntime.sleep(60)");
    await server.shell('u', 'until test -e begun; do sleep 0.05; done');
    proxy.cut();
    const { status, body } = await running;
    expect(status === 200 ? body.success : false).toBe(false);
    expect((await server.execute('u', READ_KEPT)).body).toMatchObject({ success: true, output: 'kept\n' });
    expect(await containerOf(server)).toBe(id);
    await expectHealed(server);
  });

  it('fails no call to a sandbox with a connection of its own, not even while it is gone', async () => {
    const { server, proxy } = await start();
    await server.execute('u', "open('kept.txt', 'w').write('kept')");
    const running = server.execute(
      'u',
      "open('begun', 'w').close()\nwhile not __import__('os').path.exists('on'): pass",
    );
    await server.shell('u', 'until test -e begun; do sleep 0.05; done');
    proxy.cut();
    proxy.refuse();
    // gVisor lets no such socket into a sandbox.
    expect((await server.shell('u', 'touch on')).status).toBe(IS_GVISOR ? 503 : 200);
    expect((await running).body.success).toBe(!IS_GVISOR);
    proxy.restore();
    await expectHealed(server);
  });

  it('makes calls whose streams it carried a 503 while it is gone', async () => {
    const { server, proxy } = await start({ SANDBOX_AGENT_TRANSPORT: 'exec' });
    await server.execute('u', "open('kept.txt', 'w').write('kept')");
    proxy.refuse();
    expect((await server.call('GET', '/health')).body).toMatchObject({ status: 'unhealthy' });
    for (const path of ['/sandbox/u/execute', '/sandbox/new/execute']) {
      const { status, body } = await server.call('POST', path, { code: '1' });
      expect({ status, error: body.error }).toMatchObject({ status: 503, error: expect.stringMatching(/engine/) });
    }
    expect((await server.call('DELETE', '/sandbox/u')).status).toBe(503);
    expect((await server.call('GET', '/sandbox/new/status')).status).toBe(404);
    proxy.restore();
    await expectHealed(server);
  });
});

describe('a container that somebody else', () => {
  const others: readonly [string, (id: string) => Promise<unknown>][] = [
    ['removes', (id) => run('docker', ['rm', '-f', '-v', id])],
    ['kills', (id) => run('docker', ['kill', id])],
    ['stops', (id) => run('docker', ['stop', '-t', '0', id])],
    ['pauses', (id) => run('docker', ['pause', id])],
    ['renames', (id) => run('docker', ['rename', id, `somebodys-${id}`])],
  ];

  it('pauses fails the call that finds it so in its time, and is used again with its files by the next', async () => {
    const server = await startPlain();
    await server.execute('u', "open('kept.txt', 'w').write('kept')");
    await run('docker', ['pause', await containerOf(server)]);
    const { status, body } = await server.execute('u', READ_KEPT, { timeout: 1 });
    expect(status === 200 ? body.success : false).toBe(false);
    await expectHealed(server);
  });

  const noticed = others.filter(([what]) => what !== 'pauses');
  it.each(noticed)('%s is used again with its files by the next call', async (_, act) => {
    const server = await startPlain();
    await server.execute('u', "open('kept.txt', 'w').write('kept')");
    await act(await containerOf(server));
    expect((await server.call('GET', '/sandbox/u/status')).status).toBe(200);
    if (IS_GVISOR) {
      // Docker may leave the stream of the agent open where gVisor's kernel ends, and only a call finds that nobody answers.
      const { status, body } = await server.execute('u', READ_KEPT);
      expect(status === 503 || body.output === 'kept\n' || body.killed_by === 'SIGKILL').toBe(true);
    }
    await expectHealed(server);
  });

  it.each(others)('%s can be deleted', async (_, act) => {
    const server = await startPlain();
    await server.execute('u', "open('kept.txt', 'w').write('kept')");
    await act(await containerOf(server));
    expect((await server.call('DELETE', '/sandbox/u')).status).toBe(200);
    expect(await readTracesAtRest(server.dataDir, 0)).toEqual(NO_TRACES);
    await expectHealed(server);
  });

  it.each(others)('%s while the server is down is adopted with its files', async (_, act) => {
    const first = await startPlain();
    await first.execute('u', "open('kept.txt', 'w').write('kept')");
    await first.leave();
    await act(await containerOf(first));
    const second = await startRealServer({ ...DISK, SANDBOX_DATA_DIR: first.dataDir });
    closers.push(() => second.leave());
    expect((await second.call('GET', '/sandbox/u/status')).status).toBe(200);
    await expectHealed(second);
  });
});

describe('an image that was deleted', () => {
  it('leaves what runs alone, makes a create a 503 that names it, and works when it is back', async () => {
    const image = `clara-test-image:${process.pid}`;
    await run('docker', ['tag', 'clara-sandbox:latest', image]);
    closers.push(() => run('docker', ['rmi', '-f', image]).catch(() => undefined));
    const server = await startPlain({ SANDBOX_DOCKER_IMAGE: image });
    await server.execute('u', "open('kept.txt', 'w').write('kept')");
    await run('docker', ['rmi', '-f', image]);
    expect((await server.execute('u', READ_KEPT)).body).toMatchObject({ output: 'kept\n' });
    const { status, body } = await server.call('POST', '/sandbox/new/create');
    expect(status).toBe(503);
    expect(body.error).toContain(image);
    expect((await server.call('GET', '/sandbox/new/status')).status).toBe(404);
    expect((await readTraces(server.dataDir)).containers).toHaveLength(1);
    expect((await readTracesAtRest(server.dataDir, 1)).mounts).toHaveLength(1);
    await run('docker', ['tag', 'clara-sandbox:latest', image]);
    expect((await server.call('POST', '/sandbox/new/create')).status).toBe(200);
    expect((await server.call('DELETE', '/sandbox/new')).status).toBe(200);
    await expectHealed(server);
  });
});
