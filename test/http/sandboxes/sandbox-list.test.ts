import { access, mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { toSandboxId } from '../../../src/base/sandbox-address.ts';
import { API_KEY, type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { keyEntry } from '../../support/key-entry.ts';
import { toyDialect } from '../../support/toy-dialect.ts';

const BOT_KEY = 'key-of-the-bot';
const bot = (settings = '') => keyEntry('bot', BOT_KEY, settings);

const closers: (() => Promise<unknown>)[] = [];
let fake: FakeApp;

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
  fake = await startNativeApp(variables, undefined, { dialects: (own) => [...own.slice(0, 1), toyDialect()] });
  closers.push(() => fake.close());
}

const as = (key: string, method: 'GET' | 'POST' | 'DELETE', url: string) =>
  fake.inject({ method, url, headers: { 'x-api-key': key } });
const idsOf = async (query = '', key = API_KEY): Promise<string[]> =>
  (await as(key, 'GET', `/sandbox${query}`))
    .json()
    .sandboxes.map((sandbox: { user_id: string }) => sandbox.user_id)
    .sort();
const folderOf = (id: string, namespace = 'clara') => join(fake.dataDir, toSandboxId({ namespace, id }));

/** Writes records of stopped sandboxes beside one that is there. */
async function restartWith(count: number): Promise<void> {
  await start();
  await fake.call('POST', '/sandbox/u0/create');
  await fake.call('POST', '/sandbox/u0/stop');
  const text = await readFile(join(folderOf('u0'), 'sandbox.json'), 'utf8');
  const { app, dataDir, engine } = fake;
  await app.close();
  engine.revive();
  for (let index = 1; index < count; index += 1) {
    const id = `u${index}`;
    const address = { namespace: 'clara', id };
    const record = { ...JSON.parse(text), id: toSandboxId(address), address, engineId: null };
    await mkdir(folderOf(id));
    await writeFile(join(folderOf(id), 'sandbox.json'), JSON.stringify(record));
  }
  fake = await startNativeApp({ SANDBOX_DATA_DIR: dataDir }, engine);
  closers.push(() => fake.close());
}

describe('the list of sandboxes', () => {
  it('has those that exist with what a status has of them, whatever their state', async () => {
    await start();
    for (const id of ['a', 'b', 'c']) await fake.call('POST', `/sandbox/${id}/create`);
    await fake.call('POST', '/sandbox/b/stop');
    await fake.call('DELETE', '/sandbox/c');
    const { sandboxes, next_cursor } = (await fake.call('GET', '/sandbox')).json();
    expect(next_cursor).toBeNull();
    expect(sandboxes).toMatchObject([
      { user_id: 'a', status: 'running', created_by: 'master', image: 'clara-sandbox:latest', labels: {} },
      { user_id: 'b', status: 'stopped', expires_at: null },
    ]);
    const { memory_usage_mb, cpu_percent, ...status } = (await fake.call('GET', '/sandbox/a/status')).json();
    expect(sandboxes[0]).toMatchObject(status);
  });

  it('wakes, uses and makes nothing', async () => {
    await start();
    await fake.call('POST', '/sandbox/a/create');
    await fake.call('POST', '/sandbox/a/stop');
    const before = (await fake.call('GET', '/sandbox/a/status')).json();
    fake.clock.nowMs += 5_000;
    const calls = fake.engine.calls.length;
    await fake.call('GET', '/sandbox?state=any');
    expect(fake.engine.calls.slice(calls)).toEqual([]);
    expect((await fake.call('GET', '/sandbox/a/status')).json()).toEqual(before);
  });

  it('comes by pages, each sandbox once, also where others go meanwhile', async () => {
    await restartWith(7);
    const seen: string[] = [];
    let cursor: string | null = '';
    while (cursor !== null) {
      const page: { sandboxes: { user_id: string }[]; next_cursor: string | null } = (
        await fake.call('GET', `/sandbox?limit=3${cursor && `&cursor=${cursor}`}`)
      ).json();
      expect(page.sandboxes.length).toBeLessThanOrEqual(3);
      const ids = page.sandboxes.map(({ user_id }) => user_id);
      seen.push(...ids);
      if (cursor === '') await fake.call('DELETE', `/sandbox/${ids[0]}?files=true`);
      cursor = page.next_cursor;
    }
    expect(seen.sort()).toEqual(['u0', 'u1', 'u2', 'u3', 'u4', 'u5', 'u6']);
    expect(await idsOf()).toHaveLength(6);
  });

  it('shows a key those that its prefix fits, whoever made them', async () => {
    await start({ SANDBOX_API_KEYS: bot(';prefix=discord-') });
    await fake.call('POST', '/sandbox/discord-1/create');
    await fake.call('POST', '/sandbox/teams-1/create');
    await as(BOT_KEY, 'POST', '/sandbox/discord-2/create');
    expect(await idsOf('', BOT_KEY)).toEqual(['discord-1', 'discord-2']);
    expect(await idsOf('?prefix=teams', BOT_KEY)).toEqual([]);
    expect(await idsOf()).toEqual(['discord-1', 'discord-2', 'teams-1']);
    expect((await as(BOT_KEY, 'GET', '/sandbox?all=true')).statusCode).toBe(403);
  });

  it('has the sandboxes of all APIs for the master key, which deletes them for good by their ids', async () => {
    await start();
    await fake.call('POST', '/toy/7');
    await fake.call('POST', '/sandbox/a/create');
    expect(await idsOf()).toEqual(['a']);
    const listed = (await fake.call('GET', '/sandbox?all=true')).json().sandboxes;
    const toy = listed.find((sandbox: { user_id: string }) => sandbox.user_id === '7');
    const answer = await fake.call('DELETE', `/sandbox/${toy.id}?files=true`);
    expect(answer.json()).toEqual({ status: 'deleted', files_preserved: false });
    await expect(access(folderOf('7', 'toy'))).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await idsOf('?all=true')).toEqual(['a']);
  });

  it('has no sandbox that could not be made', async () => {
    await start({ SANDBOX_DOCKER_IMAGES: '*' });
    fake.engine.down = true;
    expect((await fake.call('POST', '/sandbox/a/create')).statusCode).toBe(503);
    fake.engine.down = false;
    expect(await idsOf('?state=any')).toEqual([]);
  });
});

describe('a deletion with files=true', () => {
  it('leaves nothing of a sandbox, be it running, stopped or deleted before', async () => {
    await start();
    const before = await readdir(fake.dataDir);
    for (const prepare of ['running', 'stop', 'delete']) {
      await fake.call('POST', '/sandbox/u/create');
      if (prepare === 'stop') await fake.call('POST', '/sandbox/u/stop');
      if (prepare === 'delete') await fake.call('DELETE', '/sandbox/u');
      const answer = await fake.call('DELETE', '/sandbox/u?files=true');
      expect(answer.json()).toEqual({ status: 'deleted', files_preserved: false });
      expect(await readdir(fake.dataDir)).toEqual(before);
      expect(fake.engine.sandboxes.size).toBe(0);
      expect(await idsOf('?state=any')).toEqual([]);
      expect((await fake.call('GET', '/sandbox/u/status')).statusCode).toBe(404);
    }
    const again = await fake.call('DELETE', '/sandbox/u?files=true');
    expect(again.json()).toEqual({ status: 'not_found', files_preserved: false });
  });

  it('is refused where it is not clear what is meant, and then keeps all', async () => {
    await start();
    await fake.call('POST', '/sandbox/u/create');
    expect((await fake.call('DELETE', '/sandbox/u?files=yes')).statusCode).toBe(422);
    expect(await idsOf()).toEqual(['u']);
  });

  it('that the engine refuses keeps the files', async () => {
    await start();
    await fake.call('POST', '/sandbox/u/create');
    fake.engine.down = true;
    expect((await fake.call('DELETE', '/sandbox/u?files=true')).statusCode).toBe(503);
    fake.engine.down = false;
    await access(join(folderOf('u'), 'sandbox.json'));
    expect(await idsOf()).toEqual(['u']);
  });
});

describe('a quota of sandboxes', () => {
  const create = (id: string) => as(BOT_KEY, 'POST', `/sandbox/${id}/create`);

  it('counts those that were deleted and keep their files, and says which they are', async () => {
    await start({ SANDBOX_API_KEYS: bot(';sandboxes=2') });
    for (const id of ['a', 'b']) await create(id);
    await as(BOT_KEY, 'DELETE', '/sandbox/a');
    const refused = await create('c');
    expect(refused.statusCode).toBe(429);
    expect(refused.json()).toEqual({
      error: expect.stringMatching(/^The key bot has its 2 sandboxes already; .*1 of them is deleted and kept/),
      detail: ['a'],
    });
    expect((await create('a')).statusCode).toBe(200);
    await as(BOT_KEY, 'DELETE', '/sandbox/a?files=true');
    expect((await create('c')).statusCode).toBe(200);
    expect((await create('d')).json()).toMatchObject({ detail: [] });
  });

  it('counts the kept files for whoever made the sandbox last', async () => {
    await start({ SANDBOX_API_KEYS: bot(';sandboxes=1') });
    await create('a');
    await fake.call('DELETE', '/sandbox/a');
    await fake.call('POST', '/sandbox/a/create');
    expect((await create('b')).statusCode).toBe(200);
  });

  it('does not count what could not be made, also after a restart', async () => {
    const variables = { SANDBOX_API_KEYS: bot(';sandboxes=1') };
    await start(variables);
    fake.engine.down = true;
    expect((await create('a')).statusCode).toBe(503);
    fake.engine.down = false;
    await fake.app.close();
    fake.engine.revive();
    fake = await startNativeApp({ ...variables, SANDBOX_DATA_DIR: fake.dataDir }, fake.engine);
    closers.push(() => fake.close());
    expect((await create('b')).statusCode).toBe(200);
  });
});

describe('a list of some sandboxes', () => {
  beforeAll(async () => {
    await start();
    closers.pop();
    for (const id of ['run', 'stop', 'gone']) await fake.call('POST', `/sandbox/${id}/create`);
    await fake.call('POST', '/sandbox/stop/stop');
    await fake.call('DELETE', '/sandbox/gone');
  });
  afterAll(() => fake.close());

  it.each([
    ['?state=running', ['run']],
    ['?state=paused', []],
    ['?state=stopped', ['stop']],
    ['?state=deleted', ['gone']],
    ['?state=any', ['gone', 'run', 'stop']],
    ['', ['run', 'stop']],
    ['?prefix=r', ['run']],
    ['?prefix=R', []],
    ['?label=team=a', []],
  ])('with %s is %j', async (query, expected) => {
    expect(await idsOf(query)).toEqual(expected);
  });

  it.each([
    ['?state=frozen', 'state'],
    ['?label=team', 'label'],
    ['?label==a', 'label'],
    ['?limit=0', 'limit'],
    ['?limit=1001', 'limit'],
    ['?limit=ten', 'limit'],
    ['?cursor=%2F%2F', 'cursor'],
    ['?cursor=AAAA', 'cursor'],
    ['?all=yes', 'all'],
    ['?order=name', 'order'],
  ])('refuses %s and names what is wrong', async (query, field) => {
    const answer = await fake.call('GET', `/sandbox${query}`);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().detail[0].loc).toEqual(['query', field]);
  });
});
