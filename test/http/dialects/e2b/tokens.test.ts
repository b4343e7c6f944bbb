import { createHash } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { E2B_DIALECTS, e2bApp, GONE, KEY, OTHER_KEY } from '../../../support/e2b-app.ts';
import { API_KEY, speaking } from '../../../support/fake-app.ts';

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';

const e2b = e2bApp(speaking(...E2B_DIALECTS));
const { start, call, make, health } = e2b;

afterEach(() => e2b.fake.close());

describe('a stranger', () => {
  beforeEach(() => start());

  it('with another key finds no sandbox, whatever it asks', async () => {
    const { sandboxID: id } = await make();
    const as = { 'x-api-key': OTHER_KEY };
    const asked: [Method, string, object?][] = [
      ['GET', `/sandboxes/${id}`],
      ['DELETE', `/sandboxes/${id}`],
      ['POST', `/sandboxes/${id}/timeout`, { timeout: 1 }],
      ['POST', `/sandboxes/${id}/refreshes`, { duration: 1 }],
      ['POST', `/sandboxes/${id}/connect`, { timeout: 1 }],
      ['POST', `/v2/sandboxes/${id}/connect`, {}],
      ['POST', `/sandboxes/${id}/resume`, {}],
      ['POST', `/sandboxes/${id}/pause`, {}],
      ['PUT', `/sandboxes/${id}/network`, {}],
    ];
    for (const [method, url, body] of asked) {
      const answer = await call(method, url, body, as);
      expect([method, url, answer.statusCode, answer.json().code]).toEqual([method, url, 404, 404]);
    }
    expect((await call('GET', '/v2/sandboxes', undefined, as)).json()).toEqual([]);
    expect((await call('GET', '/sandboxes', undefined, as)).json()).toEqual([]);
    expect((await e2b.fake.call('GET', `/e2b/sandboxes/${id}`)).statusCode).toBe(404);
    expect((await health(id)).statusCode).toBe(204);
  });

  it('reaches no sandbox of another API', async () => {
    await e2b.fake.call('POST', '/sandbox/someone/execute', { code: '1' });
    const { sandbox_id: k2 } = (await e2b.fake.call('POST', '/sandboxes', {})).json();
    for (const id of ['someone', k2]) {
      expect((await health(id)).statusCode).toBe(502);
      expect((await e2b.fake.call('GET', `/e2b/sandboxes/${id}`)).statusCode).toBe(404);
      expect((await e2b.fake.call('DELETE', `/e2b/sandboxes/${id}`)).statusCode).toBe(404);
    }
    const { sandboxID } = await make();
    expect((await e2b.fake.call('GET', `/sandboxes/${sandboxID}`)).statusCode).toBe(404);
  });

  it('with no key, or a wrong one, is let in nowhere', async () => {
    const asked = [
      ['/v2/sandboxes', 'e2b_00'],
      ['/v2/sandboxes', ''],
      ['/snapshots', 'another'],
      ['/e2b/v2/sandboxes', ''],
    ] as const;
    for (const [url, key] of asked) {
      const answer = await call('GET', url, undefined, { 'x-api-key': key });
      expect([answer.statusCode, answer.json()]).toEqual([401, { code: 401, message: 'Invalid API key' }]);
    }
  });

  it('with a key of another form is let in under the prefix alone, and told so', async () => {
    for (const [url, headers] of [
      ['/v2/sandboxes', { 'x-api-key': API_KEY }],
      ['/snapshots', { authorization: `Bearer ${API_KEY}` }],
    ] as const) {
      const answer = await e2b.fake.inject({ method: 'GET', url, headers });
      const message = expect.stringContaining('under /e2b alone');
      expect([url, answer.statusCode, answer.json()]).toEqual([url, 401, { code: 401, message }]);
      expect((await e2b.fake.inject({ method: 'GET', url: `/e2b${url}`, headers })).statusCode).toBe(200);
    }
  });

  it('is told which methods an address takes', async () => {
    const { sandboxID } = await make();
    const answer = await call('PUT', `/sandboxes/${sandboxID}`, {});
    expect([answer.statusCode, answer.headers.allow, answer.json().code]).toEqual([
      405,
      'GET, HEAD, DELETE, OPTIONS',
      405,
    ]);
  });

  it.each([
    [{ 'e2b-sandbox-id': 'i1' }],
    [{ 'e2b-sandbox-port': '49983' }],
    [{ 'e2b-sandbox-id': 'i1', 'e2b-sandbox-port': 'x' }],
    [{ 'e2b-sandbox-id': 'i1', 'e2b-sandbox-port': '65536' }],
  ])('with the headers %j is told that they are not whole', async (headers) => {
    const answer = await e2b.fake.inject({ method: 'GET', url: '/health', headers });
    expect([answer.statusCode, answer.json().code]).toEqual([400, 400]);
  });
});

describe('the token of a sandbox', () => {
  const token = (made: { envdAccessToken: string }) => made.envdAccessToken;

  /** The signature that clients make. */
  function sign(parts: readonly string[]): string {
    return `v1_${createHash('sha256').update(parts.join(':')).digest('base64').replace(/=+$/, '')}`;
  }

  it('opens the traffic of its ports where that is not public', async () => {
    await start();
    const made = await make({ secure: true, network: { allowPublicTraffic: false } });
    const to = (headers: Readonly<Record<string, string>>) =>
      e2b.fake.inject({ method: 'GET', url: '/health', headers: { 'e2b-sandbox-id': made.sandboxID, ...headers } });
    const port = { 'e2b-sandbox-port': '49999' };
    const shut = await to(port);
    expect([shut.statusCode, shut.json()]).toEqual([
      403,
      { sandboxId: made.sandboxID, message: expect.any(String), code: 403 },
    ]);
    expect((await to({ ...port, 'e2b-traffic-access-token': token(made) })).statusCode).toBe(403);
    expect((await to({ ...port, 'e2b-traffic-access-token': made.trafficAccessToken })).statusCode).toBe(200);
    expect((await health(made.sandboxID)).statusCode).toBe(204);
  });

  it('signs names of files, for one sandbox alone', async () => {
    await start();
    const one = await make({ secure: true });
    await make({ secure: true });
    const url = (signature: string, rest = '') => `/files?path=a.txt&signature=${encodeURIComponent(signature)}${rest}`;
    const ask = async (target: string, headers: Readonly<Record<string, string>> = {}) => {
      const answer = await e2b.fake.inject({ method: 'GET', url: target, headers });
      return [answer.statusCode, answer.json().message];
    };
    const invalid = [401, 'invalid signature'];
    const whole = ['a.txt', 'read', '', token(one)];
    expect(await ask(url(sign(whole)))).not.toEqual(invalid);
    for (const wrong of [
      sign(['a.txt', 'write', '', token(one)]),
      sign(['b.txt', 'read', '', token(one)]),
      'v1_',
      '',
    ]) {
      expect(await ask(url(wrong))).toEqual(invalid);
    }
    const past = String(Math.floor(e2b.fake.clock.wallMs() / 1000) - 1);
    const expired = [401, 'signature is already expired'];
    const rest = `&signature_expiration=${past}`;
    expect(await ask(url(sign([...whole, past]), rest))).toEqual(expired);
    const later = `&signature_expiration=${Number(past) + 100}`;
    expect(await ask(url(sign([...whole, past]), later))).toEqual(invalid);
    const headers = { 'e2b-sandbox-id': one.sandboxID, 'e2b-sandbox-port': '49983' };
    expect(await ask(url(sign([...whole, past]), rest), headers)).toEqual(expired);
    expect((await ask('/files?path=a.txt', headers))[1]).toBe('missing signature query parameter');
    expect((await ask(url(sign(whole)), { ...headers, 'x-access-token': 'wrong' }))[0]).toBe(401);
  });
});

describe('on hosts of previews', () => {
  beforeEach(() => start({ SANDBOX_PREVIEW_DOMAIN: 'preview.test' }));

  it('ports of sandboxes are named by their ids, and nothing of the API is', async () => {
    const { sandboxID: id, domain, envdAccessToken } = await make({ secure: true });
    expect(domain).toBe('preview.test');
    const ask = (host: string, headers: Readonly<Record<string, string>> = {}, url = '/health') =>
      e2b.fake.inject({ method: 'GET', url, headers: { host, ...headers } });
    expect((await ask(`49983-${id}.preview.test`)).statusCode).toBe(204);
    const interpreter = `49999-${id}.preview.test`;
    const shut = await ask(interpreter);
    expect([shut.statusCode, shut.headers['content-type']]).toEqual([401, 'text/plain; charset=utf-8']);
    expect((await ask(interpreter, { 'x-access-token': envdAccessToken })).json()).toBe('OK');
    const nobody = `49983-i${'0'.repeat(24)}.preview.test`;
    expect((await ask(nobody)).json()).toEqual({ sandboxId: nobody.slice(6, -13), ...GONE });
    const page = await ask(nobody, { 'user-agent': 'Mozilla/5.0', accept: 'text/html' });
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    const key = { 'x-api-key': KEY };
    const other = await ask(`49983-${id}.preview.test`, { ...key, 'x-access-token': envdAccessToken }, '/v2/sandboxes');
    expect([other.statusCode, other.json().code]).toEqual([404, 404]);
  });
});
