import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { FakeIncus } from '../../support/incus-machines/fake-incus.ts';
import { CONTAINER_IMAGE, MACHINE_IMAGE } from '../../support/incus-machines/place.ts';
import { type ServerProcess, startServerProcess } from '../../support/server-process.ts';

const closers: (() => Promise<unknown>)[] = [];
let incus: FakeIncus;
let dataDir = '';
let server: ServerProcess;

async function start(): Promise<ServerProcess> {
  const started = await startServerProcess({
    SANDBOX_DATA_DIR: dataDir,
    SANDBOX_MODE: 'incus-vm',
    SANDBOX_NETWORK: 'proxy',
    SANDBOX_DISK_LIMIT: '200m',
    SANDBOX_PIDS_LIMIT: '96',
    INCUS_SANDBOX_IMAGE: MACHINE_IMAGE,
    INCUS_REMOTE: incus.socketPath,
    SANDBOX_DOCKER_IMAGES: CONTAINER_IMAGE,
  });
  closers.push(() => started.end('SIGKILL'));
  return started;
}

const execute = (code: string) => server.call('POST', '/sandbox/ann/execute', { code });
const shell = async (command: string) =>
  (await server.call('POST', '/sandbox/ann/shell', { command })).body.output as string;

beforeAll(async () => {
  incus = await FakeIncus.start('clara-sandbox:latest');
  closers.push(() => incus.close());
  dataDir = await mkdtemp(join(tmpdir(), 'clara-it-machines-'));
  closers.push(() => rm(dataDir, { recursive: true, force: true }));
  server = await start();
}, 120_000);

afterAll(async () => {
  for (const close of closers.reverse()) await close();
});

it('a server runs code in a virtual machine, and says so', async () => {
  expect(await execute("open('kept', 'w').write('ann'); print(1)")).toMatchObject({
    status: 200,
    body: { success: true, output: '1\n' },
  });
  expect((await server.call('GET', '/health')).body).toMatchObject({ docker: true, engine: 'incus-vm' });
});

it('its code is a user without rights, within the limits that the machine itself does not hold', async () => {
  expect(await shell('cat /proc/self/status')).toMatch(/^NoNewPrivs:\t1$/m);
  const status = await shell("grep -E '^(Cap(Inh|Prm|Eff|Bnd)|Uid|Groups):' /proc/self/status");
  for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd']) expect(status).toMatch(new RegExp(`^${set}:\t0+$`, 'm'));
  expect(status).not.toMatch(/^Uid:\t0\t/m);
  expect(await shell('ulimit -u; ulimit -n')).toBe('96\n16384\n');
  expect(await shell('hostname')).toBe('sandbox\n');
});

it('what was mounted for it has its size and its user, and what the server keeps for it cannot be written', async () => {
  expect(await shell('stat -c %U /workspace; findmnt -no FSTYPE /tmp')).toBe('user\ntmpfs\n');
  expect(await shell('echo x >> /etc/passwd || echo refused')).toBe('refused\n');
  expect(await shell('echo x >> /run/clara-launcher.py || echo refused')).toBe('refused\n');
});

it('connections of its programs go through the proxy of the server', async () => {
  const command = `python3 -c "import urllib.request as u; u.urlopen('http://169.254.169.254/')" 2>&1 | tail -1`;
  expect(await shell(command)).toContain('This sandbox may not connect to 169.254.169.254');
});

it('is paused and goes on, and is set up again after a stop, with its files', async () => {
  await execute("open('/tmp/lives', 'w')");
  expect((await server.call('POST', '/sandbox/ann/pause')).status).toBe(200);
  expect((await server.call('POST', '/sandbox/ann/resume')).status).toBe(200);
  expect(await shell('ls /tmp/lives')).toBe('/tmp/lives\n');
  expect((await server.call('POST', '/sandbox/ann/stop')).status).toBe(200);
  expect(await shell('cat kept; ls /tmp/lives 2>/dev/null || echo gone')).toBe('anngone\n');
});

it('the next server has the machine as it runs', async () => {
  await execute("open('/tmp/lives', 'w')");
  expect(await server.end('SIGTERM')).toBe(0);
  server = await start();
  expect(await shell('cat kept; ls /tmp/lives')).toBe('ann/tmp/lives\n');
});

it('has the files of a checkpoint again, and another that begins with them has them as its own', async () => {
  const { status, body } = await server.call('POST', '/sandbox/ann/checkpoints', {});
  expect(status).toBe(201);
  await shell('echo other > kept; mkdir more');
  expect((await server.call('POST', `/sandbox/ann/checkpoints/${body.id}/restore`)).status).toBe(200);
  expect(await shell('cat kept; ls')).toBe('annkept\n');
  await shell('mkdir more; ln -s /etc/passwd more/link; echo deep > more/file');
  expect((await server.call('POST', '/sandbox/cyd/create', { from: { user_id: 'ann' } })).status).toBe(200);
  const command = 'cat kept more/file; echo own >> more/file; find . ! -user $(id -u)';
  expect((await server.call('POST', '/sandbox/cyd/shell', { command })).body).toMatchObject({ output: 'anndeep\n' });
  expect(await shell('cat more/file')).toBe('deep\n');
  expect((await server.call('DELETE', '/sandbox/cyd?files=true')).status).toBe(200);
});

it('needs an image of virtual machines', async () => {
  const asked = await server.call('POST', '/sandbox/bob/create', { image: CONTAINER_IMAGE });
  expect(asked).toMatchObject({ status: 422, body: { error: expect.stringContaining('is one of containers') } });
});

it('changes limits with a restart, as memory cannot grow while it runs', async () => {
  const change = { memory_limit: '700m' };
  const refused = await server.call('PATCH', '/sandbox/ann', change);
  expect(refused).toMatchObject({ status: 409, body: { error: expect.stringContaining('allow_restart') } });
  const changed = await server.call('PATCH', '/sandbox/ann', { ...change, allow_restart: true });
  expect(changed.status).toBe(200);
  expect(await shell('cat kept')).toBe('ann');
});

it('goes with its files for good', async () => {
  expect((await server.call('DELETE', '/sandbox/ann?files=true')).status).toBe(200);
  expect(await shell('ls kept 2>/dev/null || echo none')).toBe('none\n');
  expect((await server.call('DELETE', '/sandbox/ann?files=true')).status).toBe(200);
});
