import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { until } from '../../support/until.ts';

let server: RealServer;

const take = (user: string, body?: unknown) => server.call('POST', `/sandbox/${user}/checkpoints`, body);
const list = async (user: string) => (await server.call('GET', `/sandbox/${user}/checkpoints`)).body.checkpoints;
const output = async (user: string, command: string) => (await server.shell(user, command)).body.output;

async function folderOf(user: string): Promise<string> {
  return join(server.dataDir, (await server.call('GET', `/sandbox/${user}/status`)).body.id);
}

describe.each([
  { kind: 'a disk image', variables: {}, copy: 'disk.img', own: ['disk', 'disk.engine', 'disk.img'] },
  {
    kind: 'plain folders',
    variables: { SANDBOX_DISK_MECHANISM: 'measure' },
    copy: 'files.tar',
    own: ['packages', 'workspace'],
  },
])('a checkpoint of $kind', ({ variables, copy, own }) => {
  beforeAll(async () => {
    server = await startRealServer({ SANDBOX_DISK_LIMIT: '256m', SANDBOX_CHECKPOINTS_MAX: '2', ...variables });
  });

  afterAll(async () => {
    await server?.close();
  });

  it('brings workspace and packages back as they were, and stays', async () => {
    await server.shell(
      'back',
      'echo one > a.txt; mkdir -p /packages/bin; echo two > /packages/bin/b; chmod 755 /packages/bin/b',
    );
    const taken = await take('back', { name: 'first' });
    expect(taken).toMatchObject({ status: 201, body: { name: 'first', id: expect.stringMatching(/^[0-9a-f]{16}$/) } });
    expect(Date.parse(taken.body.created_at)).not.toBeNaN();
    await server.shell('back', 'rm -r a.txt /packages/bin; echo other > c.txt');
    const restored = await server.call('POST', `/sandbox/back/checkpoints/${taken.body.id}/restore`);
    expect(restored).toMatchObject({ status: 200, body: { status: 'running', user_id: 'back' } });
    expect(await output('back', 'cat a.txt /packages/bin/b; stat -c %a /packages/bin/b; ls')).toBe(
      'one\ntwo\n755\na.txt\n',
    );
    expect(await list('back')).toEqual([taken.body]);
    const files = /^(?:disk|workspace|packages|files)/;
    expect((await readdir(await folderOf('back'))).filter((name) => files.test(name))).toEqual(own);
    expect(await readdir(join(await folderOf('back'), 'checkpoints', taken.body.id))).toEqual([
      'checkpoint.json',
      copy,
    ]);
  });

  it('has the size of its blocks, of which holes are none', async () => {
    await server.shell('size', 'head -c 20M /dev/urandom > big; truncate -s 200M hole');
    const { id, size } = (await take('size')).body;
    const { blocks } = await stat(join(await folderOf('size'), 'checkpoints', id, copy));
    expect(size - blocks * 512).toBeLessThan(16 * 2 ** 10);
    expect(size).toBeGreaterThan(20 * 2 ** 20);
    expect(size).toBeLessThan(40 * 2 ** 20);
  });

  it('is taken under a call, which goes on where it was', async () => {
    await server.shell('call', 'true');
    const code = `import pathlib, time
for n in range(30):
  print(n, flush=True)
  pathlib.Path('begun').touch()
  time.sleep(0.1)`;
    const counting = server.execute('call', code);
    await until('the call has begun', async () => (await output('call', 'ls')) === 'begun\n');
    const taken = await take('call');
    expect(taken.status).toBe(201);
    const { body } = await counting;
    expect(body).toMatchObject({ success: true });
    expect(body.output.trim().split('\n')).toHaveLength(30);
  });

  it('is taken of a stopped and of a paused sandbox, which stay so', async () => {
    await server.shell('still', 'echo kept > a.txt');
    await server.call('POST', '/sandbox/still/pause');
    expect((await take('still')).status).toBe(201);
    expect((await server.call('GET', '/sandbox/still/status')).body.status).toBe('paused');
    await server.call('POST', '/sandbox/still/stop');
    const { id } = (await take('still')).body;
    expect((await server.call('GET', '/sandbox/still/status')).body.status).toBe('stopped');
    expect(await list('still')).toHaveLength(2);
    expect((await server.call('GET', '/sandbox/still/status')).body.status).toBe('stopped');
    await server.shell('still', 'rm a.txt');
    await server.call('POST', `/sandbox/still/checkpoints/${id}/restore`);
    expect(await output('still', 'cat a.txt')).toBe('kept\n');
  });

  it('is refused beyond the most, the newest are told first, and one that is deleted makes room', async () => {
    await server.shell('many', 'true');
    const first = (await take('many', { name: 'first' })).body;
    const second = (await take('many', { name: 'second' })).body;
    expect(await take('many')).toMatchObject({ status: 409, body: { error: expect.stringMatching(/2 checkpoints/) } });
    expect(await list('many')).toEqual([second, first]);
    expect(await server.call('DELETE', `/sandbox/many/checkpoints/${first.id}`)).toMatchObject({
      status: 204,
      body: null,
    });
    expect(await list('many')).toEqual([second]);
    expect((await take('many')).status).toBe(201);
    expect(await server.call('DELETE', `/sandbox/many/checkpoints/${first.id}`)).toMatchObject({ status: 404 });
  });

  it('goes with the files that a purge takes', async () => {
    await server.shell('purged', 'true');
    await take('purged');
    const folder = await folderOf('purged');
    await server.call('DELETE', '/sandbox/purged?files=true');
    await expect(stat(folder)).rejects.toThrow(/ENOENT/);
    await server.shell('purged', 'true');
    expect(await list('purged')).toEqual([]);
  });

  it('outlives a deletion that keeps the files', async () => {
    await server.shell('kept', 'echo kept > a.txt');
    const { id } = (await take('kept')).body;
    await server.call('DELETE', '/sandbox/kept');
    expect(await server.call('GET', '/sandbox/kept/checkpoints')).toMatchObject({ status: 404 });
    expect(await take('kept')).toMatchObject({ status: 404 });
    await server.shell('kept', 'rm a.txt');
    await server.call('POST', `/sandbox/kept/checkpoints/${id}/restore`);
    expect(await output('kept', 'cat a.txt')).toBe('kept\n');
  });
});
