import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { hashKey, parseApiKeys } from '../../../src/auth/api-keys.ts';
import { API_KEY, type FakeApp, startNativeApp, WITH_DOCUMENTS } from '../../support/fake-app.ts';

let fake: FakeApp;
const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const app of opened.splice(0).reverse()) await app.close();
});

async function start(keys: string, variables: Readonly<Record<string, string>> = {}): Promise<FakeApp> {
  fake = await startNativeApp({ SANDBOX_API_KEYS: keys, ...variables }, undefined, WITH_DOCUMENTS);
  opened.push(fake);
  return fake;
}

const ask = (key: string, method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) =>
  fake.inject({ method, url, headers: { 'x-api-key': key }, ...(payload ? { payload } : {}) });

const create = (key: string, user: string) => ask(key, 'POST', `/sandbox/${user}/create`);

describe('what needs no key', () => {
  it.each(['/health', '/docs', '/docs/json', '/docs/static/index.css', '/nothing', '/sandbox/u/nothing'])(
    'is limited for each address: %s',
    async (url) => {
      await start('', { SANDBOX_RATE_LIMIT: '2' });
      const from = async (remoteAddress: string) =>
        (await fake.inject({ method: 'GET', url, remoteAddress })).statusCode;
      const first = await from('192.0.2.1');
      expect([200, 404]).toContain(first);
      expect([await from('192.0.2.1'), await from('192.0.2.1')]).toEqual([first, 429]);
      expect(await from('192.0.2.2')).toBe(first);
    },
  );
});

describe('wrong keys', () => {
  const wrong = (remoteAddress: string, key = 'wrong') =>
    fake.inject({ method: 'GET', url: '/info', headers: { 'x-api-key': key }, remoteAddress });

  it('are a 429 after ten of them from one address, where right ones still pass', async () => {
    await start('');
    for (let count = 0; count < 10; count += 1)
      expect((await wrong('192.0.2.1', `guess-${count}`)).statusCode).toBe(401);
    const refused = await wrong('192.0.2.1', 'guess-10');
    expect(refused.statusCode).toBe(429);
    expect(refused.json().error).toMatch(/wrong API key.*wait 6 seconds/);
    expect(refused.headers['retry-after']).toBe('6');
    expect((await wrong('192.0.2.1', API_KEY)).statusCode).toBe(200);
    expect((await wrong('192.0.2.2')).statusCode).toBe(401);
    fake.clock.nowMs += 6000;
    expect((await wrong('192.0.2.1')).statusCode).toBe(401);
    expect((await wrong('192.0.2.1')).statusCode).toBe(429);
  });

  it('do not include missing ones, which are limited like requests that need no key', async () => {
    await start('', { SANDBOX_RATE_LIMIT: '20' });
    const ask = (headers: Record<string, string>) =>
      fake.inject({ method: 'GET', url: '/info', headers, remoteAddress: '192.0.2.1' });
    const missing = [{}, { 'x-api-key': '' }, { authorization: 'Bearer ' }, { authorization: 'Basic' }];
    for (let count = 0; count < 20; count += 1)
      expect((await ask(missing[count % missing.length] ?? {})).statusCode).toBe(401);
    const refused = await ask({});
    expect(refused.statusCode).toBe(429);
    expect(refused.json().error).not.toMatch(/wrong/);
    expect((await wrong('192.0.2.1')).statusCode).toBe(401);
  });

  it('are counted together for the addresses that one IPv6 client has', async () => {
    await start('');
    for (let count = 0; count < 10; count += 1) await wrong(`2001:db8:0:1::${count + 1}`);
    expect((await wrong('2001:db8:0:1:ffff::1')).statusCode).toBe(429);
    expect((await wrong('2001:db8:0:2::1')).statusCode).toBe(401);
  });
});

describe('npm run key', () => {
  const script = new URL('../../../scripts/key.mjs', import.meta.url).pathname;
  const run = (...args: string[]) => promisify(execFile)(process.execPath, [script, ...args]);

  it('prints a new key and an entry that the server takes, for that key', async () => {
    const { stdout } = await run('bot', '--prefix', 'discord-', '--sandboxes', '20', '--rate', '50');
    const key = /^ {2}(cs_\S{40,})$/m.exec(stdout)?.[1] ?? '';
    const text = /^ {2}(bot:sha256:\S+)$/m.exec(stdout)?.[1] ?? '';
    const { keys, problems } = parseApiKeys(text);
    expect(problems).toEqual([]);
    expect(keys[0]).toMatchObject({ name: 'bot', userPrefix: 'discord-', maxSandboxes: 20, digest: hashKey(key) });
    expect((await run('bot')).stdout).not.toContain(key);
    await start(text);
    expect((await create(key, 'discord-1')).statusCode).toBe(200);
  });

  it('prints keys that E2B’s clients take, with what they are to export', async () => {
    const { stdout } = await run('bot', '--e2b');
    const [, key] = /^ {2}(e2b_[0-9a-f]{40})$/m.exec(stdout) ?? [];
    expect(parseApiKeys(/^ {2}(bot:sha256:\S+)$/m.exec(stdout)?.[1] ?? '').keys[0]?.digest).toEqual(hashKey(key ?? ''));
    expect(stdout).toContain(`export E2B_API_KEY=${key}\n`);
    expect(stdout).toMatch(/export E2B_API_URL=http:\/\/localhost:8080\n *export E2B_SANDBOX_URL=/);
  });

  it.each([
    [[]],
    [['a b']],
    [['master']],
    [['bot', '--rate', 'fast']],
    [['bot', '--prefix', 'a;b']],
    [['bot', '--admin']],
  ])('says how it is used where it is called with %j', async (args) => {
    await expect(run(...args)).rejects.toMatchObject({ code: 1, stderr: expect.stringMatching(/Usage: npm run key/) });
  });
});
