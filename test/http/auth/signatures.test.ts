import { createHash } from 'node:crypto';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

const BOT_KEY = 'a-key-of-the-bot';

let fake: FakeApp;

const start = async () => {
  const digest = createHash('sha256').update(BOT_KEY).digest('hex');
  fake = await startNativeApp({ SANDBOX_API_KEYS: `bot:sha256:${digest};prefix=b-` });
  await fake.call('PUT', '/sandbox/b-u/raw?path=/workspace/a.txt', Buffer.from('content'));
};

const close = () => fake.close();

const RAW = '/sandbox/b-u/raw?path=/workspace/a.txt';

interface Wanted {
  readonly method?: string;
  readonly path?: string;
  readonly expires_in?: number;
}

async function sign({ method = 'GET', path = RAW, ...more }: Wanted = {}, user = 'b-u'): Promise<string> {
  const { url } = (await fake.call('POST', `/sandbox/${user}/sign`, { method, path, ...more })).json();
  return url.replace(/^http:\/\/[^/]+/, '');
}

const get = (url: string) => fake.inject({ method: 'GET', url });

describe('a signed URL', () => {
  beforeEach(start);
  afterEach(close);

  it('opens what was signed without a key, any number of times, and no cache keeps it', async () => {
    const url = await sign();
    for (let time = 0; time < 2; time += 1) {
      const answer = await get(url);
      expect([answer.statusCode, answer.body]).toEqual([200, 'content']);
      expect(answer.headers).toMatchObject({
        'referrer-policy': 'no-referrer',
        'cache-control': 'private, no-store',
      });
    }
    expect((await fake.inject({ method: 'HEAD', url })).statusCode).toBe(200);
  });

  it('names what the request was sent to, and says until when', async () => {
    const { url, expires_at } = (
      await fake.inject({
        method: 'POST',
        url: '/sandbox/b-u/sign',
        headers: { 'x-api-key': BOT_KEY, host: 'box.example.org' },
        payload: { method: 'GET', path: RAW, expires_in: 60 },
      })
    ).json();
    expect(url).toMatch(/^http:\/\/box\.example\.org\/sandbox\/b-u\/raw\?path=\/workspace\/a\.txt&signature=/);
    expect(Date.parse(expires_at)).toBe(fake.clock.nowMs + 60_000);
  });

  it('opens nothing else', async () => {
    const url = await sign();
    const token = url.slice(url.indexOf('signature='));
    for (const other of [
      `/sandbox/b-u/raw?path=/workspace/b.txt&${token}`,
      `/sandbox/b-u/status?${token}`,
      `/sandbox/other/raw?path=/workspace/a.txt&${token}`,
      url.replace(/.$/, (last) => (last === 'A' ? 'B' : 'A')),
    ]) {
      expect((await get(other)).statusCode).toBe(401);
    }
    expect((await fake.inject({ method: 'PUT', url, payload: 'x' })).statusCode).toBe(401);
  });

  it('writes where that was signed', async () => {
    const url = await sign({ method: 'PUT' });
    const headers = { 'content-type': 'application/octet-stream' };
    expect((await fake.inject({ method: 'PUT', url, headers, payload: 'new' })).statusCode).toBeLessThan(300);
    expect((await get(url)).statusCode).toBe(401);
    expect((await fake.call('GET', RAW)).body).toBe('new');
  });

  it('ends when it expires', async () => {
    const url = await sign({ expires_in: 60 });
    fake.clock.nowMs += 59_999;
    expect((await get(url)).statusCode).toBe(200);
    fake.clock.nowMs += 1;
    const late = await get(url);
    expect([late.statusCode, late.json().error]).toEqual([401, 'The signature has expired.']);
  });

  it('that is old or wrong is no wrong key: who has one is refused, not locked out', async () => {
    const old = await sign({ expires_in: 1 });
    fake.clock.nowMs += 1_000;
    for (let time = 0; time < 601; time += 1) expect((await get(old)).statusCode).toBe(401);
    const wrong = old.replace('path=', 'path=/');
    for (let time = 0; time < 600; time += 1) expect((await get(wrong)).statusCode).toBe(401);
    expect((await get(wrong)).statusCode).toBe(429);
    const right = await sign();
    expect((await get(right)).statusCode).toBe(200);
    const shown = await fake.inject({ method: 'GET', url: RAW, headers: { 'x-api-key': 'a-wrong-key' } });
    expect(shown.statusCode).toBe(401);
  });

  it('ends when it is revoked while its sandbox is deleted', async () => {
    const url = await sign();
    await fake.call('DELETE', '/sandbox/b-u');
    expect((await fake.call('POST', '/sandbox/b-u/sign/revoke')).statusCode).toBe(204);
    await fake.call('POST', '/sandbox/b-u/create');
    expect((await get(url)).statusCode).toBe(401);
    expect((await fake.call('POST', '/sandbox/b-none/sign/revoke')).statusCode).toBe(404);
  });

  it('stays where the revocation says more than the route knows', async () => {
    const refused = await fake.call('POST', '/sandbox/b-u/sign/revoke', { key: 'bot' });
    expect([refused.statusCode, refused.json().error]).toEqual([422, 'key is unknown to this route.']);
  });

  it('ends when all are revoked, also past a deletion, and with the sandbox', async () => {
    const url = await sign();
    expect((await fake.call('POST', '/sandbox/b-u/sign/revoke')).statusCode).toBe(204);
    expect((await get(url)).statusCode).toBe(401);
    const next = await sign();
    await fake.call('DELETE', '/sandbox/b-u');
    await fake.call('POST', '/sandbox/b-u/create');
    expect((await get(next)).statusCode).not.toBe(401);
    expect((await get(url)).statusCode).toBe(401);
    await fake.call('DELETE', '/sandbox/b-u?files=true');
    expect((await get(next)).statusCode).toBe(401);
    await fake.call('POST', '/sandbox/b-u/create');
    expect((await get(next)).statusCode).toBe(401);
  });

  it('runs as the key that signed it, and ends with that', async () => {
    const payload = { method: 'GET', path: RAW };
    const headers = { 'x-api-key': BOT_KEY };
    const answer = await fake.inject({ method: 'POST', url: '/sandbox/b-u/sign', headers, payload });
    const url = answer.json().url.replace(/^http:\/\/[^/]+/, '');
    expect((await get(url)).statusCode).toBe(200);
    await fake.app.close();
    fake = await startNativeApp({ SANDBOX_DATA_DIR: fake.dataDir }, fake.engine, { clock: fake.clock });
    expect((await get(url)).json()).toEqual({ error: 'The signature is not of this request, or its key is gone.' });
  });
});

describe('a request for a signature', () => {
  beforeEach(start);
  afterEach(close);

  it('is answered with the path as clients send it, whatever they would change', async () => {
    const url = await sign({ path: "/sandbox/x/../b-u/raw?path=/workspace/it's.txt" });
    expect(url).toMatch(/^\/sandbox\/b-u\/raw\?path=\/workspace\/it%27s\.txt&signature=/);
    expect((await get(url)).statusCode).toBe(404);
    await fake.call('PUT', '/sandbox/b-u/raw?path=/workspace/it%27s.txt', Buffer.from('content'));
    expect((await get(url)).body).toBe('content');
  });

  it('is a 404 where there is no sandbox, and makes none', async () => {
    const body = { method: 'GET', path: '/sandbox/b-none/raw?path=a' };
    expect((await fake.call('POST', '/sandbox/b-none/sign', body)).statusCode).toBe(404);
  });
});

describe('what can be signed', () => {
  beforeAll(start);
  afterAll(close);

  it.each<[string, string]>([
    ['GET', '/sandbox/b-u/archive?path=/workspace'],
    ['GET', '/sandbox/b-u/fs'],
    ['GET', '/sandbox/b-u/fs/stat?path=a'],
    ['GET', '/sandbox/b-u/processes/1/events'],
    ['GET', '/sandbox/b-u/processes/1/attach'],
    ['POST', '/sandbox/b-u/processes/1/stdin'],
    ['PUT', '/sandbox/b-u/archive?path=/workspace'],
  ])('is granted for %s %s', async (method, path) => {
    expect((await fake.call('POST', '/sandbox/b-u/sign', { method, path })).statusCode).toBe(200);
  });

  it.each<[string, string]>([
    ['POST', '/sandbox/b-u/execute'],
    ['GET', '/sandbox/b-u/status'],
    ['POST', '/sandbox/b-u/sign'],
    ['GET', '/sandbox/other/raw?path=a'],
    ['GET', '/sandbox/b-u/raw?path=a&signature=x'],
    ['GET', '/sandbox/b-u/../other/raw?path=a'],
    ['GET', 'https://example.org/sandbox/b-u/raw'],
    ['GET', '//sandbox/b-u/raw?path=a'],
    ['GET', '/sandbox/b-u/raw?path=a#b'],
    ['GET', '/sandbox/b-u/raw?path=%zz'],
    ['GET', '/health'],
    ['DELETE', '/sandbox/b-u/fs?path=a'],
  ])('is a 422 for %s %s', async (method, path) => {
    expect((await fake.call('POST', '/sandbox/b-u/sign', { method, path })).statusCode).toBe(422);
  });
});
