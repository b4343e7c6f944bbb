import { createHash } from 'node:crypto';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { API_KEY, type FakeApp, startFakeApp } from '../../../support/fake-app.ts';
import { keyEntry } from '../../../support/key-entry.ts';

const [KEY, OTHER_KEY] = ['e2b_0123456789abcdef', 'e2b_fedcba9876543210'];
const USER = 'discord-1';

let fake: FakeApp;

type Headers = Readonly<Record<string, string>>;
type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE';

interface Made {
  readonly sandboxID: string;
  readonly envdAccessToken: string;
  readonly trafficAccessToken: string | null;
}

beforeEach(async () => {
  fake = await startFakeApp({
    SANDBOX_API_KEYS: [keyEntry('one', KEY), keyEntry('other', OTHER_KEY)].join(','),
    SANDBOX_PREVIEW_DOMAIN: 'preview.test',
  });
});

afterEach(() => fake.close());

async function ask(method: Method, url: string, headers: Headers, body?: object) {
  return await fake.inject({ method, url, headers, ...(body ? { payload: body } : {}) });
}

async function make(key: string, body: object = {}): Promise<Made> {
  const answer = await ask('POST', '/v2/sandboxes', { 'x-api-key': key }, { templateID: 'base', ...body });
  expect(answer.statusCode, answer.body).toBe(201);
  return answer.json();
}

const port = (id: string, number: number, more: Headers = {}) => ({
  'e2b-sandbox-id': id,
  'e2b-sandbox-port': String(number),
  ...more,
});

it('another key copies, measures, reads and ends nothing of a sandbox, by any route of the control plane', async () => {
  const { sandboxID: id } = await make(KEY);
  const other = { 'x-api-key': OTHER_KEY };
  const asked: readonly [Method, string, object?][] = [
    ['POST', `/sandboxes/${id}/fork`, { count: 1 }],
    ['POST', `/sandboxes/${id}/snapshots`, {}],
    ['GET', `/sandboxes/${id}/metrics`],
    ['GET', `/sandboxes/${id}/logs`],
    ['GET', `/v2/sandboxes/${id}/logs`],
    ['PUT', `/sandboxes/${id}/network`, {}],
  ];
  for (const prefix of ['', '/e2b']) {
    for (const [method, url, body] of asked) {
      const answer = await ask(method, `${prefix}${url}`, other, body);
      expect([url, answer.statusCode, answer.json().code]).toEqual([url, 404, 404]);
    }
  }
  expect((await ask('GET', `/sandboxes/metrics?sandbox_ids=${id}`, other)).json()).toEqual({ sandboxes: {} });
  expect((await ask('GET', '/snapshots', other)).json()).toEqual([]);
  expect((await ask('GET', `/snapshots?sandboxID=${id}`, other)).json()).toEqual([]);
});

it('no other API reaches a sandbox of E2B’s by its id, with the key that made it or the master key', async () => {
  const { sandboxID: id } = await make(KEY);
  for (const key of [KEY, API_KEY]) {
    const as = { 'x-api-key': key };
    const asked: readonly [Method, string, object?][] = [
      ['GET', `/sandbox/${id}/status`],
      ['GET', `/sandbox/e2b:${id}/status`],
      ['GET', `/sandbox/e2b%2F${id}/status`],
      ['GET', `/sandbox/${id}/fs/read?path=a`],
      ['PATCH', `/sandbox/${id}`, { labels: {} }],
      ['POST', `/sandbox/${id}/fork`, { user_id: 'thief' }],
      ['GET', `/api/v1/sandboxes/${id}`],
      ['GET', `/api/v1/sessions/${id}`],
    ];
    for (const [method, url, body] of asked) {
      const { statusCode } = await ask(method, url, as, body);
      expect([url, [401, 403, 404, 405, 422].includes(statusCode)], String(statusCode)).toEqual([url, true]);
    }
    const k2 = await ask('POST', `/sandboxes/${id}/command`, { 'x-api-key': API_KEY }, { command: 'true' });
    expect(k2.statusCode).toBe(404);
  }
  expect((await ask('GET', `/sandboxes/${id}`, { 'x-api-key': KEY })).json().state).toBe('running');
});

it('a user’s sandbox is no sandbox here, however its id is written', async () => {
  await fake.call('POST', `/sandbox/${USER}/create`);
  for (const id of [USER, `clara:${USER}`, `clara/${USER}`, `../${USER}`, encodeURIComponent(`clara/${USER}`)]) {
    for (const number of [49_983, 49_999, 8000]) {
      const answer = await ask('GET', '/health', port(id, number));
      expect([id, answer.statusCode]).toEqual([id, 502]);
    }
    const url = `/sandboxes/${encodeURIComponent(id)}`;
    for (const key of [KEY, API_KEY]) {
      expect((await ask('GET', `/e2b${url}`, { 'x-api-key': key })).statusCode).toBe(404);
      expect((await ask('DELETE', `/e2b${url}`, { 'x-api-key': key })).statusCode).toBe(404);
    }
    expect((await ask('POST', '/v2/sandboxes', { 'x-api-key': KEY }, { templateID: id })).statusCode).toBeGreaterThan(
      399,
    );
  }
  for (const host of [`49983-${USER}.preview.test`, `49999-${USER}.preview.test`]) {
    expect((await ask('GET', '/health', { host })).statusCode).not.toBeLessThan(400);
  }
  const status = await fake.call('GET', `/sandbox/${USER}/status`);
  expect(status.json().status).toBe('running');
});

it('the token of a sandbox opens that sandbox alone, and keys open none', async () => {
  const [mine, theirs] = [await make(KEY), await make(OTHER_KEY)];
  const wrong: readonly Headers[] = [
    { 'x-access-token': mine.envdAccessToken },
    { 'x-access-token': theirs.envdAccessToken.slice(0, -1) },
    { 'x-access-token': theirs.envdAccessToken.toUpperCase() },
    { 'x-access-token': `${theirs.envdAccessToken}x` },
    { 'x-access-token': OTHER_KEY },
    { 'x-api-key': OTHER_KEY },
    { 'x-api-key': API_KEY },
    { authorization: `Bearer ${theirs.envdAccessToken}` },
    { cookie: `x-access-token=${theirs.envdAccessToken}` },
  ];
  for (const shown of wrong) {
    for (const [number, url, body] of [
      [49_983, '/process.Process/List', {}],
      [49_983, '/filesystem.Filesystem/Stat', { path: '/' }],
      [49_999, '/execute', { code: '1' }],
    ] as const) {
      const answer = await ask('POST', url, port(theirs.sandboxID, number, shown), body);
      expect([url, shown, answer.statusCode]).toEqual([url, shown, 401]);
    }
    const read = await ask('GET', '/files?path=a', port(theirs.sandboxID, 49_983, shown));
    expect([shown, read.statusCode]).toEqual([shown, 401]);
  }
  const right = port(theirs.sandboxID, 49_983, { 'x-access-token': theirs.envdAccessToken });
  expect((await ask('POST', '/process.Process/List', right, {})).statusCode).toBe(200);
});

it('a token for traffic opens the ports of its own sandbox alone', async () => {
  const closed = { network: { allowPublicTraffic: false } };
  const [mine, theirs] = [await make(KEY, closed), await make(OTHER_KEY, closed)];
  for (const shown of [mine.trafficAccessToken, theirs.envdAccessToken, '', 'x']) {
    for (const number of [8000, 49_999]) {
      const headers = port(theirs.sandboxID, number, { 'e2b-traffic-access-token': String(shown) });
      expect([shown, (await ask('GET', '/health', headers)).statusCode]).toEqual([shown, 403]);
      const host = `${number}-${theirs.sandboxID}.preview.test`;
      const byHost = await ask('GET', '/health', { host, 'e2b-traffic-access-token': String(shown) });
      expect([shown, byHost.statusCode]).toEqual([shown, 403]);
    }
  }
});

it('a host names its sandbox, whatever sandbox the headers of a request name', async () => {
  const [mine, theirs] = [await make(KEY), await make(OTHER_KEY)];
  const host = `49983-${theirs.sandboxID}.preview.test`;
  const headers = port(mine.sandboxID, 49_983, { 'x-access-token': mine.envdAccessToken, host });
  expect((await ask('POST', '/process.Process/List', headers, {})).statusCode).toBe(401);
  expect((await ask('GET', '/sandboxes', { host, 'x-api-key': OTHER_KEY })).statusCode).not.toBe(200);
});

it('a signature is good for its path, its user, its direction, its time and its sandbox alone', async () => {
  const [mine, theirs] = [await make(KEY), await make(OTHER_KEY)];
  const until = String(Math.floor(fake.clock.wallMs() / 1000) + 100);
  const sign = (...parts: string[]) =>
    `v1_${createHash('sha256').update(parts.join(':')).digest('base64').replace(/=+$/, '')}`;
  const signature = sign('a.txt', 'read', 'user', mine.envdAccessToken, until);
  const url = (more: Headers) =>
    `/files?${new URLSearchParams({ path: 'a.txt', username: 'user', signature, signature_expiration: until, ...more })}`;
  const bytes = { 'content-type': 'application/octet-stream' };
  const status = async (method: Method, target: string, headers: Headers = {}) =>
    (await ask(method, target, headers)).statusCode;
  expect(await status('GET', url({}))).toBe(404);
  for (const more of [
    { path: 'b.txt' },
    { path: '/home/user/a.txt' },
    { username: 'root' },
    { username: '' },
    { signature_expiration: String(Number(until) + 1) },
    { signature_expiration: '' },
    { signature: signature.toLowerCase() },
    { signature: sign('a.txt', 'read', 'user', '', until) },
    { signature: sign('a.txt', 'read', 'user', theirs.sandboxID, until) },
  ]) {
    expect([more, await status('GET', url(more))]).toEqual([more, 401]);
  }
  expect(await status('POST', url({}), bytes)).toBe(401);
  expect(await status('GET', url({}), port(theirs.sandboxID, 49_983))).toBe(401);
  expect(await status('GET', `${url({})}&path=b.txt`)).not.toBe(200);
  const query = url({}).slice('/files?'.length);
  for (const target of [`/files??${query}&path=b.txt`, `/files?&path=b.txt&${query}`, `/files?%70ath=b.txt&${query}`]) {
    expect([target, await status('GET', target)]).toEqual([target, expect.toBeOneOf([400, 401])]);
  }
  fake.clock.nowMs += 101_000;
  expect(await status('GET', url({}))).toBe(401);
});

it('a signed URL that has a parameter twice is told which, with and without the headers of its sandbox', async () => {
  const { sandboxID: id } = await make(KEY);
  for (const headers of [{}, port(id, 49_983)]) {
    for (const [query, name] of [
      ['path=a.txt&path=b.txt&signature=v1_x', 'path'],
      ['path=a.txt&signature=v1_x&signature=v1_y', 'signature'],
      ['path=a.txt&signature=v1_x&username=user&username=root', 'username'],
    ] as const) {
      const answer = await ask('GET', `/files?${query}`, headers);
      const message = `${name} comes more than once; a signed URL has it once.`;
      expect([query, answer.statusCode, answer.json()]).toEqual([query, 400, { code: 400, message }]);
    }
  }
});
