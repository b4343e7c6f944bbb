import { type FastifyInstance, fastify } from 'fastify';
import { afterEach, describe, expect, it } from 'vitest';
import { hashKey, parseApiKeys } from '../../../src/auth/api-keys.ts';
import { KeyCheck } from '../../../src/http/auth/key-check.ts';
import { RateLimits } from '../../../src/http/limits/rate-limits.ts';
import { API_KEY, type FakeApp, FakeClock, startNativeApp } from '../../support/fake-app.ts';
import { keyEntry } from '../../support/key-entry.ts';

const BOT_KEY = 'the key of the bot';
const CLI_KEY = 'the key of the command line';

let fake: FakeApp;
const opened: { close(): unknown }[] = [];

afterEach(async () => {
  for (const app of opened.splice(0).reverse()) await app.close();
});

async function start(keys: string, variables: Readonly<Record<string, string>> = {}): Promise<FakeApp> {
  fake = await startNativeApp({ SANDBOX_API_KEYS: keys, ...variables });
  opened.push(fake);
  return fake;
}

const ask = (key: string, method: 'GET' | 'POST' | 'DELETE', url: string, payload?: object) =>
  fake.inject({ method, url, headers: { 'x-api-key': key }, ...(payload ? { payload } : {}) });

const create = (key: string, user: string) => ask(key, 'POST', `/sandbox/${user}/create`);

describe('a named key', () => {
  it('opens the server beside the master key, in every form', async () => {
    await start(`${keyEntry('bot', BOT_KEY)},${keyEntry('cli', CLI_KEY)}`);
    for (const key of [API_KEY, BOT_KEY, CLI_KEY]) {
      expect((await ask(key, 'GET', '/info')).statusCode).toBe(200);
      const basic = `Basic ${Buffer.from(`any:${key}`).toString('base64')}`;
      for (const authorization of [`Bearer ${key}`, basic]) {
        const response = await fake.inject({ method: 'GET', url: '/info', headers: { authorization } });
        expect(response.statusCode).toBe(200);
      }
    }
  });

  it('is not opened by its hash', async () => {
    await start(keyEntry('bot', BOT_KEY));
    expect((await ask(hashKey(BOT_KEY).toString('hex'), 'GET', '/info')).statusCode).toBe(401);
  });

  it('is enough: without a master key no other opens', async () => {
    await start(keyEntry('bot', BOT_KEY), { SANDBOX_API_KEY: '' });
    expect((await ask(BOT_KEY, 'GET', '/info')).statusCode).toBe(200);
    for (const key of ['', 'undefined', 'null', API_KEY]) expect((await ask(key, 'GET', '/info')).statusCode).toBe(401);
  });
});

describe('a key for users with a prefix', () => {
  it('reaches those users and nobody else, on every route', async () => {
    await start(keyEntry('bot', BOT_KEY, ';prefix=discord-'));
    expect((await create(BOT_KEY, 'discord-1')).statusCode).toBe(200);
    const strangers = ['teams-1', 'Discord-1', 'discord', 'x-discord-1', '%64iscord'];
    for (const user of strangers) {
      const answers = await Promise.all([
        create(BOT_KEY, user),
        ask(BOT_KEY, 'GET', `/sandbox/${user}/status`),
        ask(BOT_KEY, 'POST', `/sandbox/${user}/execute`, { code: 'print(1)' }),
        ask(BOT_KEY, 'GET', `/sandbox/${user}/file?path=a`),
        ask(BOT_KEY, 'DELETE', `/sandbox/${user}`),
      ]);
      for (const answer of answers) {
        expect(answer.statusCode).toBe(403);
        expect(answer.json()).toEqual({ error: 'The key bot is only for users whose ids begin with "discord-".' });
      }
    }
    expect(fake.engine.sandboxes.size).toBe(1);
  });

  it('is compared with the id as it is meant, not as it is written', async () => {
    await start(keyEntry('bot', BOT_KEY, ';prefix=discord-'));
    expect((await create(BOT_KEY, '%64iscord%2D1')).statusCode).toBe(200);
  });

  it('may call what is about no user, and nothing that does not say whose it is', async () => {
    const { keys } = parseApiKeys(keyEntry('bot', BOT_KEY, ';prefix=discord-'));
    const app: FastifyInstance = fastify();
    opened.push(app);
    app.decorateRequest('principal', null);
    const check = new KeyCheck(keys, new RateLimits(0, new FakeClock()));
    check.guard(app, { principalOf: (request) => check.admit(request), addressOf: () => null });
    app.setErrorHandler((error: Error, _request, reply) => reply.code(500).send(error.message));
    app.get('/other/:box', async () => 'open');
    app.get('/info', { config: { isAboutNoUser: true } }, async () => 'open');
    const headers = { 'x-api-key': BOT_KEY };
    expect((await app.inject({ url: '/other/discord-1', headers })).body).toMatch(/only for users/);
    expect((await app.inject({ url: '/info', headers })).body).toBe('open');
  });
});

describe('a key with a quota of sandboxes', () => {
  it('makes as many as its quota, uses those on, and makes another when one is deleted with its files', async () => {
    await start(keyEntry('bot', BOT_KEY, ';sandboxes=2'));
    expect((await create(BOT_KEY, 'a')).statusCode).toBe(200);
    expect((await ask(BOT_KEY, 'POST', '/sandbox/b/execute', { code: 'print(1)' })).statusCode).toBe(200);
    const third = await create(BOT_KEY, 'c');
    expect(third.statusCode).toBe(429);
    expect(third.json().error).toMatch(/key bot has its 2 sandboxes already; delete one/);
    expect((await ask(BOT_KEY, 'GET', '/sandbox/c/status')).statusCode).toBe(404);
    expect((await create(BOT_KEY, 'a')).statusCode).toBe(200);
    expect((await ask(BOT_KEY, 'POST', '/sandbox/a/stop')).statusCode).toBe(200);
    expect((await create(BOT_KEY, 'c')).statusCode).toBe(429);
    expect((await ask(BOT_KEY, 'DELETE', '/sandbox/a?files=true')).statusCode).toBe(200);
    expect((await create(BOT_KEY, 'c')).statusCode).toBe(200);
  });

  it('is not charged for what others made, nor for what could not be made', async () => {
    await start(keyEntry('bot', BOT_KEY, ';sandboxes=1'), { SANDBOX_DOCKER_IMAGES: '*' });
    expect((await create(API_KEY, 'theirs')).statusCode).toBe(200);
    expect((await create(BOT_KEY, 'theirs')).statusCode).toBe(200);
    const failed = await ask(BOT_KEY, 'POST', '/sandbox/x/create', { image: 'absent:latest' });
    expect(failed.statusCode).toBe(422);
    expect((await create(BOT_KEY, 'mine')).statusCode).toBe(200);
    expect((await create(BOT_KEY, 'more')).statusCode).toBe(429);
  });

  it('gives out the last one once, however many ask', async () => {
    await start(keyEntry('bot', BOT_KEY, ';sandboxes=3'));
    const answers = await Promise.all(Array.from({ length: 12 }, (_, index) => create(BOT_KEY, `user-${index}`)));
    expect(answers.filter(({ statusCode }) => statusCode === 200)).toHaveLength(3);
    expect(answers.filter(({ statusCode }) => statusCode === 429)).toHaveLength(9);
    expect(fake.engine.sandboxes.size).toBe(3);
  });

  it('is charged for what it made before the server was started again', async () => {
    const keys = keyEntry('bot', BOT_KEY, ';sandboxes=1');
    const first = await start(keys);
    expect((await create(BOT_KEY, 'a')).statusCode).toBe(200);
    await first.app.close();
    first.engine.revive();
    const variables = { SANDBOX_API_KEYS: keys, SANDBOX_DATA_DIR: first.dataDir };
    fake = await startNativeApp(variables, first.engine);
    opened.push(fake.app);
    expect((await create(BOT_KEY, 'b')).statusCode).toBe(429);
    expect((await ask(BOT_KEY, 'DELETE', '/sandbox/a?files=true')).statusCode).toBe(200);
    expect((await create(BOT_KEY, 'b')).statusCode).toBe(200);
  });
});

describe('the rate', () => {
  it('of a key is its own: over it a 429 with Retry-After, and other keys go on', async () => {
    await start(`${keyEntry('bot', BOT_KEY, ';rate=1;burst=60')},${keyEntry('cli', CLI_KEY)}`);
    const answers = await Promise.all(Array.from({ length: 70 }, () => ask(BOT_KEY, 'GET', '/info')));
    const refused = answers.filter(({ statusCode }) => statusCode === 429);
    expect(refused).toHaveLength(10);
    expect(refused[0]?.json()).toEqual({
      error: expect.stringMatching(/^The key bot makes more requests than it may; wait 1 second\.$/),
    });
    expect(refused[0]?.headers['retry-after']).toBe('1');
    expect((await ask(CLI_KEY, 'GET', '/info')).statusCode).toBe(200);
    expect((await ask(API_KEY, 'GET', '/info')).statusCode).toBe(200);
    fake.clock.nowMs += 2000;
    const later = await Promise.all(Array.from({ length: 3 }, () => ask(BOT_KEY, 'GET', '/info')));
    expect(later.map(({ statusCode }) => statusCode)).toEqual([200, 200, 429]);
  });

  it('of the configuration holds for the other keys, and for addresses where no key is needed', async () => {
    await start('', { SANDBOX_RATE_LIMIT: '2' });
    for (const headers of [{ 'x-api-key': API_KEY }, {}]) {
      const url = 'x-api-key' in headers ? '/info' : '/health';
      const answers = await Promise.all(Array.from({ length: 3 }, () => fake.inject({ method: 'GET', url, headers })));
      expect(answers.map(({ statusCode }) => statusCode)).toEqual([200, 200, 429]);
      const refused = answers[2];
      expect(refused?.json().error).toMatch(/wait \d+ second/);
      expect(refused?.headers['retry-after']).toBe('1');
    }
  });
});
