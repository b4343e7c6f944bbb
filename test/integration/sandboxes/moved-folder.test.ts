import { cp, mkdtemp, readFile, rename, symlink, unlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { containersOfInstance } from '../../support/engine-view.ts';
import { mountsBelow } from '../../support/mounts.ts';
import { type RealServer, removeAll, startRealServer } from '../../support/real-server.ts';
import { until } from '../../support/until.ts';

const closers: (() => Promise<unknown>)[] = [];
let parent: string;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'clara-moved-'));
  closers.push(() => removeAll(parent));
});

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(name: string, more: Readonly<Record<string, string>> = {}): Promise<RealServer> {
  const server = await startRealServer({ SANDBOX_DATA_DIR: join(parent, name), SANDBOX_DISK_LIMIT: '64m', ...more });
  closers.push(() => server.close());
  return server;
}

async function leave(server: RealServer): Promise<void> {
  closers.pop();
  await server.leave();
}

async function filled(server: RealServer, size: number): Promise<void> {
  const count = async () => (await server.call('GET', '/info')).body.pooled_sandboxes;
  await until(`the pool holds ${size}`, async () => (await count()) >= size);
}

const instanceOf = (name: string) => readFile(join(parent, name, 'instance'), 'utf8');

const containersOf = async (instance: string) => (await containersOfInstance(instance)).map(({ id }) => id).sort();

describe('a data folder that was moved while no server ran', () => {
  it.each([
    ['disk images', {}, 0],
    ['plain folders', { SANDBOX_DISK_MECHANISM: 'measure' }, 0],
    ['sandboxes from the pool', { SANDBOX_POOL_SIZE: '2' }, 2],
  ] as const)('gives its sandboxes, stopped or running, with their files: %s', async (_, more, pooled) => {
    const first = await start('before', more);
    await filled(first, pooled);
    for (const user of ['stopped', 'running']) await first.execute(user, "open('kept.txt', 'w').write('kept')");
    await first.call('POST', '/sandbox/stopped/stop');
    const instance = await instanceOf('before');
    await leave(first);
    await rename(join(parent, 'before'), join(parent, 'after'));

    const second = await start('after', more);
    for (const user of ['stopped', 'running']) {
      const { status, body } = await second.execute(user, "print(open('kept.txt').read())");
      expect({ status, output: body.output }).toEqual({ status: 200, output: 'kept\n' });
      expect((await second.call('POST', `/sandbox/${user}/stop`)).status).toBe(200);
    }
    await filled(second, pooled);
    expect(await instanceOf('after')).toBe(instance);
    expect(await containersOf(instance)).toHaveLength(2 + pooled);
    expect((await mountsBelow(parent)).filter((point) => !point.includes('/pool-'))).toEqual([]);
  });

  it('goes on undisturbed behind a link that leads to it', async () => {
    const first = await start('real');
    const { body } = await first.execute('u', "open('kept.txt', 'w').write('kept')\nprint('made')");
    expect(body.output).toBe('made\n');
    const { container_id: id } = (await first.call('GET', '/sandbox/u/status')).body;
    await leave(first);
    await symlink(join(parent, 'real'), join(parent, 'link'));
    const second = await start('link');
    expect((await second.call('GET', '/sandbox/u/status')).body).toMatchObject({ status: 'running', container_id: id });
    expect((await second.execute('u', "print(open('kept.txt').read())")).body.output).toBe('kept\n');
    await leave(second);
    await unlink(join(parent, 'link'));
    await start('real');
  });
});

describe('two servers, one over a copy of the other’s data folder', () => {
  it('share files from before and nothing else', async () => {
    const first = await start('one', { SANDBOX_DISK_MECHANISM: 'measure' });
    await first.execute('u', "open('kept.txt', 'w').write('of both')");
    await first.execute('only-one', "open('kept.txt', 'w').write('of one')");
    await first.call('POST', '/sandbox/u/stop');
    const before = await containersOf(await instanceOf('one'));
    await cp(join(parent, 'one'), join(parent, 'two'), {
      recursive: true,
      filter: (path) => !path.endsWith('/line') && !path.includes('only-one-'),
    });

    const second = await start('two', { SANDBOX_DISK_MECHANISM: 'measure' });
    expect(await instanceOf('two')).not.toBe(await instanceOf('one'));
    await second.execute('u', "open('kept.txt', 'w').write('of two')");
    expect((await first.execute('u', "print(open('kept.txt').read())")).body.output).toBe('of both\n');
    expect((await second.call('DELETE', '/sandbox/u')).status).toBe(200);
    expect((await first.execute('u', "print(open('kept.txt').read())")).body.output).toBe('of both\n');
    expect((await first.call('GET', '/sandbox/only-one/status')).body.status).toBe('running');
    expect(await containersOf(await instanceOf('one'))).toEqual(before);
  });
});
