import { copyFile, mkdir, mkdtemp, readdir, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { FakeVolumes } from '../../fakes/fake-volumes.ts';
import { losingEngine } from '../../support/engine-away.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

let fake: FakeApp;
let volumes: FakeVolumes;

beforeEach(async () => {
  volumes = new FakeVolumes();
  fake = await startWith(await mkdtemp(join(tmpdir(), 'clara-http-')));
  await write('u', 'first');
});

afterEach(() => fake.close());

async function startWith(dataDir: string): Promise<FakeApp> {
  const engine = new FakeEngine();
  engine.volumes = volumes;
  return await startNativeApp({ SANDBOX_DATA_DIR: dataDir }, engine);
}

const post = async (path: string, body?: unknown) => await fake.call('POST', `/sandbox/${path}`, body);
const take = async () => (await post('u/checkpoints')).json();
const write = async (user: string, content: string) => await post(`${user}/file`, { path: 'kept.txt', content });
const read = async (user: string) => (await fake.call('GET', `/sandbox/${user}/file?path=kept.txt`)).json().content;

/** The names of the folders of sandboxes, and of what is made of them. */
async function folders(): Promise<readonly string[]> {
  return (await readdir(fake.dataDir)).filter((name) => /^(?:u|v)-|^fork-/.test(name));
}

async function folderOfUser(): Promise<string> {
  const [name = ''] = await folders();
  return join(fake.dataDir, name);
}

it('a checkpoint of a volume is a volume, of its size, and goes by itself or with its sandbox', async () => {
  volumes.usedBytes = 12_345;
  const taken = await take();
  expect(taken.size).toBeGreaterThanOrEqual(12_345);
  expect((await fake.call('GET', '/sandbox/u/checkpoints')).json().checkpoints).toEqual([taken]);
  expect(volumes.all.size).toBe(2);
  expect((await fake.call('DELETE', `/sandbox/u/checkpoints/${taken.id}`)).statusCode).toBe(204);
  expect(volumes.all.size).toBe(1);
  await take();
  expect((await fake.call('DELETE', '/sandbox/u?files=true')).statusCode).toBe(200);
  expect(volumes.all.size).toBe(0);
});

it('a restore gives a sandbox the files of the checkpoint in another volume, and removes the one of before', async () => {
  const { id } = await take();
  await write('u', 'second');
  const restored = await post(`u/checkpoints/${id}/restore`);
  expect([restored.statusCode, restored.json().status]).toEqual([200, 'running']);
  expect(await read('u')).toBe('first');
  expect(volumes.all.size).toBe(2);
  await write('u', 'third');
  expect((await post(`u/checkpoints/${id}/restore`)).statusCode).toBe(200);
  expect(await read('u')).toBe('first');
});

it('a restore whose start fails leaves the files of before, and no other volume', async () => {
  const { id } = await take();
  await write('u', 'second');
  const [
    {
      spec: { image },
    } = { spec: { image: '' } },
  ] = fake.engine.sandboxes.values();
  fake.engine.images.absent.add(image);
  expect((await post(`u/checkpoints/${id}/restore`)).statusCode).toBe(503);
  fake.engine.images.absent.delete(image);
  expect(await read('u')).toBe('second');
  expect(volumes.all.size).toBe(2);
});

it('a restore during which the engine goes away is undone too: what was made with the copy is not used', async () => {
  const { id } = await take();
  await write('u', 'second');
  const answer = await losingEngine(fake.engine, 'start', () => post(`u/checkpoints/${id}/restore`));
  expect(answer.statusCode).toBe(503);
  fake.engine.down = false;
  expect(await read('u')).toBe('second');
  expect((await post(`u/checkpoints/${id}/restore`)).statusCode).toBe(200);
  expect([await read('u'), volumes.all.size]).toEqual(['first', 2]);
});

it('a copy for which there is no room is a 507, and leaves nothing', async () => {
  volumes.isFull = true;
  expect((await post('u/checkpoints')).statusCode).toBe(507);
  expect((await fake.call('GET', '/sandbox/u/checkpoints')).json().checkpoints).toEqual([]);
  expect((await post('v/create', { from: { user_id: 'u' } })).statusCode).toBe(507);
  expect([volumes.all.size, await folders()]).toEqual([1, [expect.stringMatching(/^u-/)]]);
});

it('a fork begins with what another has, or had at a checkpoint, in a volume of its own', async () => {
  const { id } = await take();
  await write('u', 'second');
  expect((await post('v/create', { from: { user_id: 'u', checkpoint: id } })).statusCode).toBe(200);
  expect((await post('w/create', { from: { user_id: 'u' } })).statusCode).toBe(200);
  expect([await read('v'), await read('w'), volumes.all.size]).toEqual(['first', 'second', 4]);
});

it('a crash in the middle of an exchange leaves the volume of the sandbox where it is', async () => {
  const folder = await folderOfUser();
  await fake.app.close();
  for (const other of ['restored', 'before']) {
    await copyFile(join(folder, 'volume.json'), join(folder, `volume.json.${other}`));
  }
  fake = await startWith(fake.dataDir);
  expect(volumes.all.size).toBe(1);
  expect((await readdir(folder)).filter((name) => name.startsWith('volume.json'))).toEqual(['volume.json']);
});

it('what a crash leaves of copies goes at the next start, with its volumes', async () => {
  const folder = await folderOfUser();
  const leave = async (path: string, digit: string) => {
    const name = `clara-${digit.repeat(24)}`;
    volumes.all.set(name, { sizeBytes: 0, owner: { uid: 1, gid: 1 } });
    await mkdir(join(path, '..'), { recursive: true });
    await writeFile(path, JSON.stringify({ version: 1, name, isMade: digit !== '3' }));
  };
  await fake.app.close();
  await leave(join(folder, 'volume.json.restored'), '1');
  await leave(join(folder, 'volume.json.before'), '2');
  await leave(join(folder, 'checkpoints', `${'a'.repeat(16)}.new`, 'volume.json'), '3');
  await leave(join(fake.dataDir, `fork-${'b'.repeat(16)}`, 'volume.json'), '4');
  fake = await startWith(fake.dataDir);
  expect(volumes.all.size).toBe(1);
  expect(await readdir(join(folder, 'checkpoints'))).toEqual([]);
  expect(await folders()).toHaveLength(1);
});
