import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { openEngine } from '../../src/modes/open-engine.ts';
import { describeEngine } from '../contract/engine.contract.ts';
import { specFor } from '../contract/spec-for.ts';
import { CLUSTER_IMAGE, IncusCluster } from '../support/incus-cluster.ts';

const closers: (() => Promise<unknown>)[] = [];
const ground = { remote: '', trustFolder: '', trustToken: '' };

beforeAll(async () => {
  const cluster = await IncusCluster.form(closers);
  const folder = await mkdtemp('/var/tmp/clara-it-cluster-');
  closers.push(() => rm(folder, { recursive: true, force: true }));
  Object.assign(ground, {
    remote: cluster.urls,
    trustFolder: join(folder, 'incus'),
    trustToken: await cluster.token(),
  });
}, 180_000);

afterAll(async () => {
  for (const close of closers.reverse()) await close();
}, 120_000);

const open = () => openEngine('incus', { ...ground, project: 'clara-sandbox', pool: null });

it('a volume is made once, is held by the sandbox that has it, and keeps its files when that is gone', async () => {
  const engine = open();
  closers.push(() => engine.close());
  const { volumes } = engine;
  if (!volumes) throw new Error('A cluster has volumes.');
  const volume = 'clara-0123456789abcdef01234567';
  const wanted = { sizeBytes: 64 * 2 ** 20, owner: { uid: 1000, gid: 1000 } };
  expect(await volumes.has(volume)).toBe(false);
  await volumes.create(volume, wanted);
  expect(await volumes.has(volume)).toBe(true);
  await expect(volumes.create(volume, wanted)).rejects.toMatchObject({ kind: 'conflict' });
  const run = async (command: string) => {
    const mounts = [{ source: { volume, folder: 'workspace' }, target: '/workspace' }];
    const id = await engine.create(specFor(CLUSTER_IMAGE, {}, { mounts }));
    await engine.start(id);
    await expect(volumes.remove(volume)).rejects.toMatchObject({ kind: 'conflict' });
    const { stream } = await engine.exec(id, ['sh', '-c', command]);
    const said = await text(stream);
    await engine.remove(id);
    return said;
  };
  expect(await run('echo kept > /workspace/kept; stat -c %u:%g /workspace')).toBe('1000:1000\n');
  expect(await run('cat /workspace/kept')).toBe('kept\n');
  expect((await volumes.usage(volume)).limitBytes).toBe(wanted.sizeBytes);
  expect(await volumes.grow(volume, wanted.sizeBytes / 2)).toBe(true);
  expect((await volumes.usage(volume)).limitBytes).toBe(wanted.sizeBytes);
  expect(await volumes.grow(volume, wanted.sizeBytes * 2)).toBe(true);
  expect((await volumes.usage(volume)).limitBytes).toBe(wanted.sizeBytes * 2);
  expect(await run('head -c 100000000 /dev/zero > /workspace/big && stat -c %s /workspace/big')).toBe('100000000\n');
  await volumes.remove(volume);
  await volumes.remove(volume);
  expect(await volumes.has(volume)).toBe(false);
  expect(await volumes.grow(volume, wanted.sizeBytes)).toBe(false);
});

describeEngine('IncusCluster', () => {
  const engine = open();
  return {
    engine,
    image: CLUSTER_IMAGE,
    absentImage: 'clara-test/absent:latest',
    exhaustMemory: async (id) => {
      const { stream } = await engine.exec(id, ['python3', '-I', '-S', '-c', 'x = b"x" * (512 << 20)']);
      stream.end();
      await text(stream).catch(() => '');
    },
  };
});
