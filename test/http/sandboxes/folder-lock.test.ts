import { mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FolderLock } from '../../../src/sandboxes/storage/folder-lock.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

let folder: string;
const opened: FakeApp[] = [];

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-lock-'));
});

afterEach(async () => {
  for (const fake of opened.splice(0).reverse()) await fake.close();
  await rm(folder, { recursive: true, force: true });
});

/** As a server in production has it. */
const LOCKED = { takeFolder: FolderLock.take };

async function start(dataDir: string, engine = new FakeEngine()): Promise<FakeApp> {
  const fake = await startNativeApp({ SANDBOX_DATA_DIR: dataDir }, engine, LOCKED);
  opened.push(fake);
  return fake;
}

const refusal = (dataDir: string) =>
  `SANDBOX_DATA_DIR is ${dataDir}, which another server has, or a backup that runs: stop that one, which fuser -v ${dataDir} names, or give each server a data folder of its own.`;

describe('a data folder', () => {
  it('is one server’s: a second one does not start, says so and touches nothing', async () => {
    const dataDir = join(folder, 'data');
    const first = await start(dataDir);
    await first.call('POST', '/sandbox/u/create');
    const before = [...first.engine.sandboxes.keys()];
    await symlink(dataDir, join(folder, 'link'));
    for (const name of [dataDir, `${dataDir}/`, join(folder, 'link')]) {
      await expect(startNativeApp({ SANDBOX_DATA_DIR: name }, first.engine, LOCKED)).rejects.toThrow(refusal(dataDir));
    }
    expect([...first.engine.sandboxes.keys()]).toEqual(before);
    expect((await first.call('POST', '/sandbox/u/execute', { code: 'print(1)' })).statusCode).toBe(200);
  });

  it('is free once its server has ended, and where one could not start', async () => {
    const dataDir = join(folder, 'data');
    await (await start(dataDir)).app.close();
    const broken = new FakeEngine();
    broken.info = async () => ({ ...(await new FakeEngine().info()), runtimes: ['another'] });
    await expect(startNativeApp({ SANDBOX_DATA_DIR: dataDir }, broken, LOCKED)).rejects.toThrow(/no runtime/);
    expect((await (await start(dataDir)).call('GET', '/info')).statusCode).toBe(200);
  });
});
