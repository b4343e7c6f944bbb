import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { CLUSTER_IMAGE, IncusCluster } from '../support/incus-cluster.ts';
import { startRefused } from '../support/refused-start.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';
import { until } from '../support/until.ts';

const closers: (() => Promise<unknown>)[] = [];
let incus: IncusCluster;
let dataDir = '';
let server: ServerProcess;

async function start(more: Readonly<Record<string, string>> = {}): Promise<ServerProcess> {
  const started = await startServerProcess({
    SANDBOX_DATA_DIR: dataDir,
    SANDBOX_MODE: 'incus',
    SANDBOX_DISK_LIMIT: '200m',
    SANDBOX_NETWORK: 'proxy',
    INCUS_SANDBOX_MEMORY: '256m',
    INCUS_SANDBOX_IMAGE: CLUSTER_IMAGE,
    INCUS_REMOTE: incus.urls,
    ...more,
  });
  closers.push(() => started.end('SIGKILL'));
  return started;
}

const states = () => incus.incus('list', '--project', 'clara-sandbox', '--format', 'csv', '--columns', 's');

const execute = (code: string) => server.call('POST', '/sandbox/ann/execute', { code });

beforeAll(async () => {
  incus = await IncusCluster.form(closers, ['node1']);
  dataDir = await mkdtemp('/var/tmp/clara-it-other-machine-');
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  server = await start({ INCUS_TRUST_TOKEN: await incus.token() });
}, 180_000);

afterAll(async () => {
  for (const close of closers.reverse()) await close();
}, 120_000);

it('a server runs code on an Incus of another machine, which is no cluster, and keeps its certificates', async () => {
  expect(await execute("open('kept', 'w').write('ann'); print(1)")).toMatchObject({
    status: 200,
    body: { success: true, output: '1\n' },
  });
  expect((await readdir(join(dataDir, 'incus'))).sort()).toEqual(['client.crt', 'client.key', 'server.crt']);
  expect(await incus.volumes()).toHaveLength(1);
});

it('holds the memory there, and says when it ran out', async () => {
  const { body } = await execute('x = bytearray(600_000_000)\nfor at in range(0, len(x), 4096): x[at] = 1');
  expect(body).toMatchObject({ oom_killed: true, error: expect.stringContaining('256 MiB') });
});

it('connections of its programs go through the proxy of the server', async () => {
  const command = `python3 -c "import urllib.request as u; u.urlopen('http://169.254.169.254/')" 2>&1 | tail -1`;
  const { body } = await server.call('POST', '/sandbox/ann/shell', { command });
  expect(body.output).toContain('This sandbox may not connect to 169.254.169.254');
});

it('a sandbox is paused and goes on', async () => {
  expect((await server.call('POST', '/sandbox/ann/pause')).status).toBe(200);
  expect((await server.call('GET', '/sandbox/ann/status')).body.status).toBe('paused');
  expect((await server.call('POST', '/sandbox/ann/resume')).status).toBe(200);
  expect(await execute('print(2)')).toMatchObject({ status: 200, body: { output: '2\n' } });
});

it('the next server needs no token, and has the sandbox with its files', async () => {
  await execute("open('/tmp/lives', 'w')");
  expect(await server.end('SIGTERM')).toBe(0);
  server = await start();
  const code = 'import os; print(open("kept").read(), os.path.exists("/tmp/lives"))';
  expect(await execute(code)).toMatchObject({ status: 200, body: { output: 'ann True\n' } });
});

it('is told to wait while the machine is away, and goes on when it is back', async () => {
  const [machine] = incus.members;
  await machine?.kill();
  await until('it is told to wait', async () => (await execute('print(1)')).status === 503);
  expect(await execute('print(1)')).toMatchObject({
    status: 503,
    body: { error: expect.stringContaining('does not answer') },
  });
  await machine?.start();
  await until('it answers', async () => (await execute('print(1)')).status === 200);
  expect(await execute('print(open("kept").read())')).toMatchObject({ body: { output: 'ann\n' } });
});

it('a start with Docker stops what runs there, runs none of it, and the next start with Incus has its files', async () => {
  expect(await execute('print(1)')).toMatchObject({ status: 200 });
  expect(await states()).toBe('RUNNING\n');
  expect(await server.end('SIGTERM')).toBe(0);
  server = await start({ SANDBOX_MODE: 'docker', INCUS_REMOTE: '' });
  expect(await states()).toBe('STOPPED\n');
  expect(await execute('print(1)')).toMatchObject({
    status: 503,
    body: { error: expect.stringContaining('in a volume of another engine') },
  });
  expect((await server.call('DELETE', '/sandbox/ann?files=true')).status).toBe(503);
  expect(await incus.volumes()).toHaveLength(1);
  expect(await server.end('SIGTERM')).toBe(0);
  server = await start();
  expect(await execute('print(open("kept").read())')).toMatchObject({ body: { output: 'ann\n' } });
});

it('is asked to stop what runs there before Docker runs any, and a start is refused while it is away', async () => {
  const [machine] = incus.members;
  expect(await server.end('SIGTERM')).toBe(0);
  await machine?.kill();
  const variables = { SANDBOX_DATA_DIR: dataDir, SANDBOX_MODE: 'docker', SANDBOX_DISK_LIMIT: '200m' };
  const { code, sentence } = await startRefused(variables);
  expect([code, sentence]).toEqual([1, expect.stringContaining(`may still run on Incus (containers) (${incus.urls}`)]);
  await machine?.start();
});
