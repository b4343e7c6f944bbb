import { cp, mkdir, readFile, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { FakeEngine } from '../../fakes/fake-engine.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

const opened: FakeApp[] = [];
const folders: string[] = [];

afterEach(async () => {
  for (const fake of opened.splice(0).reverse()) await fake.close();
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true, force: true });
});

async function start(dataDir?: string, engine?: FakeEngine): Promise<FakeApp> {
  const fake = await startNativeApp(dataDir === undefined ? {} : { SANDBOX_DATA_DIR: dataDir }, engine);
  opened.push(fake);
  return fake;
}

/** Closes a server and moves its data folder; resolves with the new path. */
async function moved(fake: FakeApp): Promise<string> {
  await fake.app.close();
  fake.engine.revive();
  const target = `${fake.dataDir}-moved`;
  folders.push(target);
  await rename(fake.dataDir, target);
  return target;
}

const instanceOf = (dataDir: string) => readFile(join(dataDir, 'instance'), 'utf8');

const write = { path: 'kept.txt', content: 'kept' };

async function content(fake: FakeApp): Promise<unknown> {
  return (await fake.call('GET', '/sandbox/u/file?path=kept.txt')).json().content;
}

const folderLabels = (engine: FakeEngine) =>
  [...engine.sandboxes.values()].map(({ spec }) => spec.labels['clara.folder']);

describe('a data folder that was moved', () => {
  it.each(['stopped', 'running', 'paused'])(
    'has its %s sandboxes made anew where it is now, with their files',
    async (state) => {
      const first = await start();
      await first.call('POST', '/sandbox/u/file', write);
      const [sandbox] = [...first.engine.sandboxes.values()];
      if (state === 'stopped') await first.call('POST', '/sandbox/u/stop');
      if (state === 'paused' && sandbox) await first.engine.pause(sandbox.id);
      const before = await instanceOf(first.dataDir);
      const dataDir = await moved(first);
      const second = await start(dataDir, first.engine);
      expect((await second.call('GET', '/sandbox/u/status')).json().status).toBe('stopped');
      expect(await content(second)).toBe('kept');
      expect(await instanceOf(dataDir)).toBe(before);
      expect(folderLabels(first.engine)).toEqual([dataDir]);
    },
  );

  it('has its running sandboxes made anew where it is now, also those of a version that had no label for it', async () => {
    const first = await start();
    await first.call('POST', '/sandbox/u/file', write);
    for (const { spec } of first.engine.sandboxes.values()) Reflect.deleteProperty(spec.labels, 'clara.folder');
    const dataDir = await moved(first);
    const second = await start(dataDir, first.engine);
    expect((await second.call('GET', '/sandbox/u/status')).json().status).toBe('stopped');
    expect(await content(second)).toBe('kept');
    expect(folderLabels(first.engine)).toEqual([dataDir]);
  });

  it('is believed to be where it was by sandboxes without that label that are bound from there', async () => {
    const first = await start();
    await first.call('POST', '/sandbox/u/file', write);
    for (const { spec } of first.engine.sandboxes.values()) Reflect.deleteProperty(spec.labels, 'clara.folder');
    await first.app.close();
    first.engine.revive();
    const second = await start(first.dataDir, first.engine);
    expect((await second.call('GET', '/sandbox/u/status')).json().status).toBe('running');
  });

  it('keeps what it is through a second move and a start in between', async () => {
    const first = await start();
    await first.call('POST', '/sandbox/u/file', write);
    const before = await instanceOf(first.dataDir);
    const second = await start(await moved(first), first.engine);
    const third = await start(await moved(second), first.engine);
    expect(await content(third)).toBe('kept');
    expect(await instanceOf(third.dataDir)).toBe(before);
    expect(first.engine.sandboxes.size).toBe(1);
  });

  it('is the same folder under another name for it: a slash at its end, or a link', async () => {
    const first = await start();
    await first.call('POST', '/sandbox/u/file', write);
    const id = (await first.call('GET', '/sandbox/u/status')).json().container_id;
    await first.app.close();
    first.engine.revive();
    const link = `${first.dataDir}-link`;
    folders.push(link);
    await symlink(first.dataDir, link);
    for (const name of [`${first.dataDir}/`, link]) {
      const again = await start(name, first.engine);
      expect((await again.call('GET', '/sandbox/u/status')).json()).toMatchObject({
        status: 'running',
        container_id: id,
      });
      expect(await content(again)).toBe('kept');
      await again.app.close();
      first.engine.revive();
    }
  });
});

describe('a copy of a data folder', () => {
  it('gets an identity of its own, and leaves the containers of the other alone', async () => {
    const first = await start();
    await first.call('POST', '/sandbox/u/file', write);
    await first.call('POST', '/sandbox/v/create');
    await first.call('POST', '/sandbox/v/stop');
    const copy = `${first.dataDir}-copy`;
    folders.push(copy);
    await copyFolder(first.dataDir, copy);
    await rm(join(copy, (await firstFolder(first)) ?? ''), { recursive: true });
    const containers = [...first.engine.sandboxes.keys()];

    const second = await start(copy, first.engine);
    expect(await instanceOf(copy)).not.toBe(await instanceOf(first.dataDir));
    expect([...first.engine.sandboxes.keys()]).toEqual(containers);
    await second.call('POST', '/sandbox/v/execute', { code: 'print(1)' });
    await second.call('DELETE', '/sandbox/v');
    expect([...first.engine.sandboxes.keys()]).toEqual(containers);
    expect(await content(first)).toBe('kept');
  });

  it('keeps the new identity when the first is gone later', async () => {
    const first = await start();
    const copy = `${first.dataDir}-copy`;
    folders.push(copy);
    await copyFolder(first.dataDir, copy);
    const second = await start(copy, first.engine);
    const own = await instanceOf(copy);
    await second.app.close();
    first.engine.revive();
    await rm(first.dataDir, { recursive: true });
    await start(copy, first.engine);
    expect(await instanceOf(copy)).toBe(own);
  });

  it('is none where another folder has taken the place of the one that was moved', async () => {
    const first = await start();
    const before = await instanceOf(first.dataDir);
    const dataDir = await moved(first);
    await mkdir(first.dataDir);
    await writeFile(join(first.dataDir, 'instance'), 'ffffffffffff');
    await start(dataDir, first.engine);
    expect(await instanceOf(dataDir)).toBe(before);
  });
});

/** What is being written meanwhile has another name until it is whole. */
async function copyFolder(from: string, to: string): Promise<void> {
  await cp(from, to, { recursive: true, filter: (path) => !path.endsWith('.new') });
}

async function firstFolder(fake: FakeApp): Promise<string | undefined> {
  const [sandbox] = [...fake.engine.sandboxes.values()];
  return sandbox?.name.replace(/^clara-[0-9a-f]{12}-/, '');
}
