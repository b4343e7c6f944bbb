import { afterEach, beforeEach, expect, it } from 'vitest';
import { API_KEY, type FakeApp, startFakeApp } from '../../../support/fake-app.ts';
import { keyEntry } from '../../../support/key-entry.ts';

const [KEY, OTHER_KEY] = ['e2b_0123456789abcdef', 'e2b_fedcba9876543210'];

type Headers = Readonly<Record<string, string | string[]>>;

interface Made {
  readonly sandboxID: string;
  readonly envdAccessToken: string;
  readonly trafficAccessToken: string | null;
}

let fake: FakeApp;

beforeEach(async () => {
  fake = await startFakeApp({
    SANDBOX_API_KEYS: [keyEntry('one', KEY), keyEntry('other', OTHER_KEY)].join(','),
    SANDBOX_PREVIEW_DOMAIN: 'preview.test',
    SANDBOX_E2B_SECURE: 'asked',
  });
});

afterEach(() => fake.close());

async function make(key: string, body: object = { secure: true }): Promise<Made> {
  const payload = { templateID: 'base', timeout: 60, ...body };
  const answer = await fake.inject({ method: 'POST', url: '/sandboxes', headers: { 'x-api-key': key }, payload });
  expect(answer.statusCode, answer.body).toBe(201);
  return answer.json();
}

async function end({ sandboxID }: Made): Promise<void> {
  await fake.inject({ method: 'DELETE', url: `/sandboxes/${sandboxID}`, headers: { 'x-api-key': KEY } });
}

const GONE = { sandboxId: '', message: 'The sandbox was not found', code: 502 };

/** What SDKs from 2.7.0 to 2.14.0 ask at E2B_SANDBOX_URL without naming the sandbox. */
async function read(headers: Headers, prefix = '') {
  return await fake.inject({ method: 'GET', url: `${prefix}/files?path=a.txt`, headers });
}

async function write(headers: Headers, text: string, prefix = '') {
  const all = { 'content-type': 'application/octet-stream', ...headers };
  return await fake.inject({ method: 'POST', url: `${prefix}/files?path=a.txt`, headers: all, payload: text });
}

async function health(headers: Headers, prefix = '') {
  return await fake.inject({ method: 'GET', url: `${prefix}/health`, headers });
}

it.each(['', '/e2b'])('the token alone tells whose files and whose health are meant, below "%s"', async (prefix) => {
  const made = [await make(KEY), await make(OTHER_KEY), await make(KEY)];
  for (const { sandboxID, envdAccessToken: token } of made) {
    expect((await write({ 'x-access-token': token }, sandboxID, prefix)).json()).toMatchObject([{ name: 'a.txt' }]);
  }
  for (const { sandboxID, envdAccessToken: token } of made) {
    expect((await read({ 'x-access-token': token }, prefix)).body).toBe(sandboxID);
    const named = { 'e2b-sandbox-id': sandboxID, 'e2b-sandbox-port': '49983', 'x-access-token': token };
    expect((await read(named, prefix)).body).toBe(sandboxID);
    expect((await health({ 'x-access-token': token }, prefix)).statusCode).toBe(204);
  }
});

it('the token of a sandbox that is over or paused is that of none', async () => {
  const [dead, paused] = [await make(KEY), await make(KEY)];
  await end(dead);
  await fake.inject({
    method: 'POST',
    url: `/sandboxes/${paused.sandboxID}/pause`,
    headers: { 'x-api-key': KEY },
  });
  for (const { sandboxID, envdAccessToken: token } of [dead, paused]) {
    const gone = sandboxID === dead.sandboxID ? GONE : { ...GONE, sandboxId: sandboxID };
    for (const answer of [
      await health({ 'x-access-token': token }),
      await read({ 'x-access-token': token }),
      await write({ 'x-access-token': token }, 'x'),
    ]) {
      expect([answer.statusCode, answer.json()]).toEqual([502, gone]);
    }
  }
});

it('what is no token finds no sandbox: not a part of one, nor an id, a key, or another token', async () => {
  const theirs = await make(OTHER_KEY, { secure: true, network: { allowPublicTraffic: false } });
  const open = await make(OTHER_KEY, { secure: false });
  const { envdAccessToken: token, trafficAccessToken } = theirs;
  await fake.call('POST', '/sandbox/someone/create');
  for (const shown of [
    '',
    'null',
    'undefined',
    token.slice(0, -1),
    `${token}0`,
    token.toUpperCase(),
    `${token}, ${token}`,
    `Bearer ${token}`,
    '0'.repeat(64),
    String(trafficAccessToken),
    theirs.sandboxID,
    open.sandboxID,
    'someone',
    KEY,
    OTHER_KEY,
    API_KEY,
  ]) {
    for (const key of [{}, { 'x-api-key': KEY }, { 'x-api-key': OTHER_KEY }, { 'x-api-key': API_KEY }]) {
      const headers = { 'x-access-token': shown, ...key };
      for (const answer of [await read(headers), await write(headers, 'x'), await health(headers)]) {
        expect([shown, answer.statusCode, answer.json()]).toEqual([shown, 502, GONE]);
      }
    }
  }
  const twice = await read({ 'x-access-token': [token, token] });
  expect([twice.statusCode, twice.json()]).toEqual([502, GONE]);
});

it('the token leads nowhere but to files and health, and to no sandbox but its own', async () => {
  const [mine, theirs] = [await make(KEY), await make(OTHER_KEY)];
  const token = { 'x-access-token': mine.envdAccessToken };
  await write({ 'x-access-token': theirs.envdAccessToken }, 'theirs');
  await write(token, 'mine');
  const id = theirs.sandboxID;
  expect((await read({ ...token, 'e2b-sandbox-id': id, 'e2b-sandbox-port': '49983' })).statusCode).toBe(401);
  expect((await read({ ...token, host: `49983-${id}.preview.test` })).statusCode).toBe(401);
  for (const half of [{ 'e2b-sandbox-id': id }, { 'e2b-sandbox-port': '49983' }, { 'e2b-sandbox-id': '' }]) {
    expect([half, (await read({ ...token, ...half })).statusCode]).toEqual([half, 400]);
    expect([half, (await health({ ...token, ...half })).statusCode]).toEqual([half, 400]);
  }
  for (const [method, url] of [
    ['POST', '/process.Process/List'],
    ['POST', '/files/compose'],
    ['POST', '/execute'],
    ['GET', '/envs'],
    ['GET', '/contexts'],
    ['GET', '/files/'],
    ['GET', '/x/files?path=a.txt'],
    ['GET', '/v2/sandboxes'],
    ['GET', `/sandboxes/${id}`],
  ] as const) {
    const answer = await fake.inject({ method, url, headers: token, ...(method === 'POST' ? { payload: {} } : {}) });
    expect([url, answer.statusCode]).toEqual([url, expect.toBeOneOf([401, 404, 405])]);
  }
  expect((await read(token)).body).toBe('mine');
  const signed = await fake.inject({ method: 'GET', url: '/files?path=a.txt&signature=v1_x', headers: token });
  expect(signed.statusCode).toBe(401);
});

it('who guesses tokens has 600 tries a minute, files and health together', async () => {
  await make(KEY);
  const statuses: number[] = [];
  for (let count = 0; count < 302; count += 1) {
    const headers = { 'x-access-token': count.toString(16).padStart(64, '0') };
    statuses.push((await read(headers)).statusCode, (await health(headers)).statusCode);
  }
  expect(statuses.slice(0, 600).every((status) => status === 502)).toBe(true);
  expect(statuses.slice(600)).toEqual([429, 429, 429, 429]);
});

it.each(['', '/e2b'])('a file of no sandbox is told what its URL lacks, below "%s"', async (prefix) => {
  await make(KEY, { secure: false });
  for (const key of [{}, { 'x-api-key': KEY }, { 'x-api-key': API_KEY }]) {
    for (const answer of [await read(key, prefix), await write(key, 'x', prefix)]) {
      const message = expect.stringMatching(/secure: true.*E2b-Sandbox-Id and E2b-Sandbox-Port/s);
      expect([answer.statusCode, answer.json()]).toEqual([404, { code: 404, message }]);
    }
  }
});

it('health without a token is the server’s own', async () => {
  expect((await health({})).json()).toMatchObject({ status: 'healthy' });
});
