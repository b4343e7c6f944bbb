import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  askToken,
  BOT_KEY,
  encode,
  forgeToken,
  JWT_SECRET,
  OTHER_KEY,
  startTokensApp,
  toKeys,
} from '../../support/cloud-tokens.ts';
import { asCloudUser, type CloudUser } from '../../support/cloud-user.ts';
import { API_KEY, type FakeApp, speaking, startFakeApp } from '../../support/fake-app.ts';

let fake: FakeApp;
let user: CloudUser;

async function start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
  fake = await startTokensApp(variables);
  user = await asCloudUser(fake, 'alice');
}

beforeEach(() => start());

afterEach(() => fake.close());

const list = (token: string) =>
  fake.inject({ method: 'GET', url: '/api/v1/sessions', headers: { authorization: `Bearer ${token}` } });

const refresh = (token: unknown) =>
  fake.inject({ method: 'POST', url: '/api/v1/auth/refresh', payload: { refresh_token: token } });

const claimsOf = (token: string) => JSON.parse(Buffer.from(token.split('.')[1] ?? '', 'base64url').toString());

const basic = (pair: string) => ({ authorization: `Basic ${Buffer.from(pair).toString('base64')}` });

describe('a token of the Cloud Sandbox API', () => {
  it('has the fields and claims that the guide names', async () => {
    const answer = await askToken(fake, { user_id: 'alice', role: 'admin' });
    expect(answer.json()).toEqual({
      access_token: expect.any(String),
      refresh_token: expect.any(String),
      token_type: 'Bearer',
      expires_in: '86400',
    });
    const seconds = fake.clock.wallMs() / 1000;
    const common = { user_id: 'alice', sub: 'alice', role: 'admin', iss: 'cloud-sandbox', iat: seconds, nbf: seconds };
    expect(claimsOf(answer.json().access_token)).toMatchObject({ ...common, key: 'master', exp: seconds + 86_400 });
    expect(claimsOf(answer.json().refresh_token)).toMatchObject({ key: 'master', exp: seconds + 7 * 86_400 });
  });

  it('is made for the API key alone, in any of its forms', async () => {
    const body = { user_id: 'alice' };
    for (const headers of [{ authorization: `Bearer ${API_KEY}` }, basic(`whoever:${API_KEY}`), basic(`:${API_KEY}`)]) {
      expect((await askToken(fake, body, headers)).statusCode).toBe(200);
    }
    for (const headers of [{}, { 'x-api-key': 'wrong' }, { authorization: user.authorization }, basic('alice:wrong')]) {
      const refused = await askToken(fake, {}, headers);
      expect([refused.statusCode, refused.json().error]).toEqual([401, 'unauthorized']);
    }
    for (const nobody of [{}, { user_id: '' }, { user_id: null }]) {
      const refused = await askToken(fake, nobody);
      expect([refused.statusCode, refused.json().error]).toEqual([400, 'user_id required']);
    }
    expect((await askToken(fake, { user_id: 'x'.repeat(257) })).statusCode).toBe(400);
    expect((await askToken(fake, { user_id: 'ä:@ x'.repeat(51) })).statusCode).toBe(200);
  });

  it('is not the API key, which is told where tokens are', async () => {
    for (const headers of [{ 'x-api-key': API_KEY }, { authorization: `Bearer ${API_KEY}` }, {}]) {
      const refused = await fake.inject({ method: 'GET', url: '/api/v1/sessions', headers });
      expect([refused.statusCode, refused.json().error]).toEqual([401, 'unauthorized']);
      expect(refused.json().message).toContain('/api/v1/auth/token');
    }
  });

  it('may be HTTP Basic of the user and the key, as requests makes it of a URL', async () => {
    const url = '/api/v1/sessions';
    const made = await fake.inject({ method: 'POST', url, headers: basic(`alice:${API_KEY}`), payload: {} });
    expect(made.json().user_id).toBe('alice');
    expect((await list(user.token)).json().sessions).toHaveLength(1);
    expect((await fake.inject({ method: 'GET', url, headers: basic(`:${API_KEY}`) })).statusCode).toBe(400);
    expect((await fake.inject({ method: 'GET', url, headers: basic('alice:wrong') })).statusCode).toBe(401);
  });

  it('that another program made with the shared secret is good, as long as it says what it must', async () => {
    expect((await list(forgeToken(fake, {}))).statusCode).toBe(200);
    const seconds = fake.clock.wallMs() / 1000;
    const bad: readonly string[] = [
      forgeToken(fake, {}, { alg: 'none', typ: 'JWT' }),
      `${encode({ alg: 'none' })}.${encode({ user_id: 'alice', iss: 'cloud-sandbox', key: 'master', exp: seconds + 60 })}.`,
      forgeToken(fake, {}, { alg: 'HS512', typ: 'JWT' }),
      forgeToken(fake, {}, undefined, `${JWT_SECRET}.`),
      forgeToken(fake, {}, undefined, 'cloud-sandbox-secret'),
      forgeToken(fake, { iss: 'somebody' }),
      forgeToken(fake, { iss: 'cloud-sandbox-refresh' }),
      forgeToken(fake, { exp: undefined }),
      forgeToken(fake, { nbf: seconds + 60 }),
      forgeToken(fake, { key: undefined }),
      forgeToken(fake, { key: 'gone' }),
      forgeToken(fake, { user_id: undefined }),
      forgeToken(fake, { user_id: ['alice'] }),
      forgeToken(fake, { user_id: 'bob' }),
      forgeToken(fake, { typ: 'refresh' }),
      forgeToken(fake, { typ: 'signed-url' }),
      forgeToken(fake, { key_mark: 'of another key' }),
      `${user.token.slice(0, -2)}AA`,
      'x.y.z',
      'nothing',
    ];
    for (const token of bad) {
      const refused = await list(token);
      expect([token, refused.statusCode, refused.json().error]).toEqual([token, 401, 'unauthorized']);
    }
  });

  it('ends after a day, and a refresh token after a week', async () => {
    fake.clock.nowMs += 86_400_000 - 1000;
    expect((await list(user.token)).statusCode).toBe(200);
    fake.clock.nowMs += 1000;
    const expired = await list(user.token);
    expect([expired.statusCode, expired.json().message]).toEqual([401, expect.stringContaining('expired')]);
    const renewed = await refresh(user.refreshToken);
    expect(renewed.json()).toMatchObject({ token_type: 'Bearer', expires_in: '86400' });
    expect((await list(renewed.json().access_token)).statusCode).toBe(200);
    fake.clock.nowMs += 6 * 86_400_000;
    expect((await refresh(user.refreshToken)).statusCode).toBe(401);
    expect((await refresh(renewed.json().refresh_token)).statusCode).toBe(200);
  });

  it('to refresh with is no other, and keeps user and role', async () => {
    expect((await list(user.refreshToken)).statusCode).toBe(401);
    for (const none of [user.token, API_KEY, 'x']) expect((await refresh(none)).statusCode).toBe(401);
    expect((await refresh(undefined)).statusCode).toBe(400);
    const { refresh_token: admin } = (await askToken(fake, { user_id: 'bob', role: 'admin' })).json();
    expect(claimsOf((await refresh(admin)).json().access_token)).toMatchObject({ user_id: 'bob', role: 'admin' });
  });

  it('of a key that is gone, or has another under its name, opens nothing', async () => {
    const { token, refreshToken } = await asCloudUser(fake, 'carol', BOT_KEY);
    expect((await list(token)).statusCode).toBe(200);
    for (const list_ of [toKeys('another-key-of-the-bot'), '']) {
      await fake.close();
      await start({ SANDBOX_API_KEYS: list_ });
      expect((await list(token)).statusCode).toBe(401);
      expect((await refresh(refreshToken)).statusCode).toBe(401);
    }
  });

  it('is signed by a key of the data folder where there is no shared secret', async () => {
    const { dataDir } = fake;
    await fake.app.close();
    fake = await startFakeApp({ SANDBOX_DATA_DIR: dataDir }, undefined, speaking('cloud', 'metrics'));
    user = await asCloudUser(fake, 'alice');
    expect((await list(user.token)).statusCode).toBe(200);
    expect((await list(forgeToken(fake, {}))).statusCode).toBe(401);
    expect((await list(forgeToken(fake, {}, undefined, API_KEY))).statusCode).toBe(401);
  });
});

describe('limits of tokens of the Cloud Sandbox API', () => {
  it('allow 600 that are bad a minute and address, and any number that has expired', async () => {
    const expired = user.token;
    fake.clock.nowMs += 86_400_000;
    const fresh = await asCloudUser(fake, 'alice');
    for (let count = 0; count < 600; count += 1) expect((await list('x.y.z')).statusCode).toBe(401);
    const refused = await list('x.y.z');
    expect([refused.statusCode, refused.json().error]).toEqual([429, 'rate_limit_exceeded']);
    expect(Number(refused.headers['retry-after'])).toBeGreaterThan(0);
    expect((await list(expired)).statusCode).toBe(401);
    expect((await list(fresh.token)).statusCode).toBe(200);
    expect((await fake.call('GET', '/info')).statusCode).toBe(200);
  });

  it('of the key that made them count for its users together', async () => {
    const body = { user_id: 'team-one' };
    const denied = await askToken(fake, { user_id: 'alice' }, { 'x-api-key': OTHER_KEY });
    expect(denied.statusCode).toBe(403);
    expect((await askToken(fake, body, { 'x-api-key': OTHER_KEY })).statusCode).toBe(200);
    const one = await asCloudUser(fake, 'team-one', OTHER_KEY);
    const two = await asCloudUser(fake, 'team-two', OTHER_KEY);
    expect((await one.call('POST', '/api/v1/sandbox/acquire')).statusCode).toBe(200);
    const full = await two.call('POST', '/api/v1/sandbox/acquire');
    expect([full.statusCode, full.json().error]).toEqual([429, 'rate_limit_exceeded']);
    const basicUser = basic(`alice:${OTHER_KEY}`);
    expect((await fake.inject({ method: 'GET', url: '/api/v1/sessions', headers: basicUser })).statusCode).toBe(403);
    expect((await list(forgeToken(fake, { key: 'other' }))).statusCode).toBe(403);
  });
});
