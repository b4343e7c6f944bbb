import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { e2bApp, GONE } from '../../../support/e2b-app.ts';

const e2b = e2bApp();
const { start, call, make, health } = e2b;

afterEach(() => e2b.fake.close());

describe('an E2B client', () => {
  beforeEach(() => start());

  it('makes a sandbox, finds it and kills it', async () => {
    const made = await make({ metadata: { purpose: 'testing' }, secure: true });
    expect(made).toEqual({
      sandboxID: expect.stringMatching(/^i[a-z0-9]{24}$/),
      templateID: expect.stringMatching(/^[0-9a-f]{20}$/),
      alias: 'base',
      clientID: expect.any(String),
      envdVersion: expect.stringMatching(/^0\.\d+\.\d+$/),
      envdAccessToken: expect.any(String),
      trafficAccessToken: null,
      domain: null,
    });
    const id = made.sandboxID;
    expect((await health(id)).statusCode).toBe(204);
    expect((await call('GET', `/sandboxes/${id}`)).json()).toMatchObject({
      sandboxID: id,
      state: 'running',
      metadata: { purpose: 'testing' },
      startedAt: new Date(e2b.fake.clock.wallMs()).toISOString(),
      endAt: new Date(e2b.fake.clock.wallMs() + 60_000).toISOString(),
      envdAccessToken: made.envdAccessToken,
      lifecycle: { onTimeout: 'kill', autoResume: false },
    });
    const killed = await call('DELETE', `/sandboxes/${id}`);
    expect([killed.statusCode, killed.body]).toEqual([204, '']);
    const again = await call('DELETE', `/sandboxes/${id}`);
    expect([again.statusCode, again.json()]).toEqual([404, { code: 404, message: 'Sandbox not found' }]);
    const gone = await health(id);
    expect([gone.statusCode, gone.json()]).toEqual([502, { sandboxId: id, ...GONE }]);
  });

  it('finds the same below /e2b, with a key of any form', async () => {
    const made = await e2b.fake.call('POST', '/e2b/v2/sandboxes', { templateID: 'code-interpreter-v1' });
    expect(made.statusCode).toBe(201);
    const { sandboxID: id } = made.json();
    const health = await e2b.fake.inject({
      method: 'GET',
      url: '/e2b/health',
      headers: { 'e2b-sandbox-id': id, 'e2b-sandbox-port': '49999' },
    });
    expect([health.statusCode, health.json()]).toEqual([200, 'OK']);
    expect((await e2b.fake.call('GET', `/e2b/sandboxes/${id}`)).json().endAt).toBe(
      new Date(e2b.fake.clock.wallMs() + 300_000).toISOString(),
    );
  });

  it('lists its own sandboxes in pages that nothing moves', async () => {
    const ids: string[] = [];
    for (const number of ['1', '2', '3']) {
      e2b.fake.clock.nowMs += 1_000;
      ids.unshift((await make({ metadata: { 'a b': 'c&d', number }, timeout: 600 })).sandboxID);
    }
    const list = async (query: string) => await call('GET', `/v2/sandboxes?${query}`);
    const idsOf = (answer: { json(): { sandboxID: string }[] }) => answer.json().map(({ sandboxID }) => sandboxID);
    const first = await list('limit=2');
    expect(idsOf(first)).toEqual(ids.slice(0, 2));
    expect(first.headers['x-total-running']).toBe('3');
    await make({ timeout: 600 });
    const second = await list(`limit=2&nextToken=${String(first.headers['x-next-token'])}`);
    expect(idsOf(second)).toEqual(ids.slice(2));
    expect(second.headers['x-next-token']).toBeUndefined();
    const metadata = encodeURIComponent(
      new URLSearchParams({ [encodeURIComponent('a b')]: encodeURIComponent('c&d'), number: '2' }).toString(),
    );
    expect(idsOf(await list(`metadata=${metadata}`))).toEqual([ids[1]]);
    expect(idsOf(await list(`order=asc&startedAfter=${new Date(e2b.fake.clock.wallMs()).toISOString()}`))).toHaveLength(
      2,
    );
    expect(idsOf(await list('state=paused'))).toEqual([]);
    for (const wrong of ['limit=0', 'limit=101', 'limit=x', 'nextToken=nonsense', 'state=dead', 'order=up']) {
      expect([(await list(wrong)).statusCode, wrong]).toEqual([400, wrong]);
    }
    expect((await call('GET', '/sandboxes')).json()).toHaveLength(4);
  });

  it('sets an absolute end, which traffic does not move', async () => {
    const { sandboxID: id } = await make({ timeout: 60 });
    expect((await call('POST', `/sandboxes/${id}/timeout`, { timeout: 30 })).statusCode).toBe(204);
    e2b.fake.clock.nowMs += 29_000;
    expect((await health(id)).statusCode).toBe(204);
    expect((await call('POST', `/sandboxes/${id}/refreshes`, { duration: 0 })).statusCode).toBe(204);
    const { endAt } = (await call('GET', `/sandboxes/${id}`)).json();
    expect(Date.parse(endAt)).toBe(e2b.fake.clock.wallMs() + 15_000);
    e2b.fake.clock.nowMs += 15_000;
    expect((await health(id)).statusCode).toBe(502);
    expect((await call('GET', `/sandboxes/${id}`)).statusCode).toBe(404);
    expect((await call('POST', `/sandboxes/${id}/timeout`, { timeout: 30 })).statusCode).toBe(404);
  });

  it('has the whole of its time after the sandbox is made, however long that took', async () => {
    const start = e2b.fake.engine.start.bind(e2b.fake.engine);
    e2b.fake.engine.start = async (...given) => {
      e2b.fake.clock.nowMs += 30_000;
      return await start(...given);
    };
    for (const [path, timeout] of [
      ['/sandboxes', 5],
      ['/v2/sandboxes', 1],
    ] as const) {
      const { sandboxID: id } = await make({ timeout }, path);
      const { endAt } = (await call('GET', `/sandboxes/${id}`)).json();
      expect(Date.parse(endAt)).toBe(e2b.fake.clock.wallMs() + timeout * 1000);
    }
    const { sandboxID: none } = await make({ timeout: 0 });
    expect((await call('GET', `/sandboxes/${none}`)).statusCode).toBe(404);
  });

  it('ends a sandbox at once with a timeout of 0', async () => {
    const { sandboxID: id } = await make();
    expect((await call('POST', `/sandboxes/${id}/timeout`, { timeout: 0 })).statusCode).toBe(204);
    expect((await call('GET', `/sandboxes/${id}`)).statusCode).toBe(404);
    expect(e2b.fake.engine.sandboxes.size).toBe(0);
  });

  it.each([
    ['/sandboxes', { timeout: 60 }, 'templateID'],
    ['/sandboxes', { templateID: 'base', timeout: -1 }, 'timeout'],
    ['/sandboxes', { templateID: 'base', timeout: 90_000 }, 'Timeout cannot be greater than 24 hours'],
    ['/sandboxes', { templateID: '../etc' }, 'templateID'],
    ['/sandboxes', { templateID: 'base', iam: { role: 'x' } }, 'iam'],
    ['/sandboxes', { templateID: 'base', volumeMounts: [{ name: 'v', path: '/v' }] }, 'volumeMounts'],
    // A client that starts the gateway itself fails with these words, and asks for them.
    ['/sandboxes', { templateID: 'base', mcp: { github: {} } }, 'mcp: Failed to start MCP gateway'],
    ['/v2/sandboxes', { templateID: 'mcp-gateway', mcp: { github: {} } }, 'mcp: Failed to start MCP gateway'],
    ['/sandboxes', { templateID: 'base', network: { allowPublicTraffic: false } }, 'allowPublicTraffic'],
    ['/sandboxes', { templateID: 'base', network: { rules: { 'a.b': [{}] } } }, 'rules'],
    ['/sandboxes', { templateID: 'base', network: { egressProxy: { address: 'a:1' } } }, 'egressProxy'],
    ['/sandboxes', { templateID: 'base', network: { denyOut: ['example.org'] } }, 'denyOut'],
    ['/sandboxes', { templateID: 'base', network: { allowOut: ['example.org'] } }, 'ALL_TRAFFIC'],
    ['/sandboxes', { templateID: 'base', autoPauseMemory: false }, 'autoPauseMemory'],
  ])('is refused by %s %j with a sentence that names it', async (url, body, named) => {
    const answer = await call('POST', url, body);
    expect(answer.json()).toEqual({ code: 400, message: expect.stringContaining(named) });
    expect(answer.statusCode).toBe(400);
  });

  it('finds no template that nothing has', async () => {
    const answer = await call('POST', '/sandboxes', { templateID: 'nothing' });
    expect([answer.statusCode, answer.json()]).toEqual([404, { code: 404, message: "template 'nothing' not found" }]);
  });
});

describe('a pause', () => {
  beforeEach(() => start());

  it('keeps the sandbox until it is resumed, past its end', async () => {
    const { sandboxID: id, envdAccessToken } = await make({ secure: true, timeout: 60 });
    expect((await call('POST', `/sandboxes/${id}/pause`)).statusCode).toBe(204);
    expect((await call('POST', `/sandboxes/${id}/pause`, {})).statusCode).toBe(409);
    expect((await health(id)).statusCode).toBe(502);
    e2b.fake.clock.nowMs += 3_600_000;
    expect((await call('GET', `/sandboxes/${id}`)).json().state).toBe('paused');
    expect((await call('POST', `/sandboxes/${id}/timeout`, { timeout: 30 })).statusCode).toBe(404);
    const network = await call('PUT', `/sandboxes/${id}/network`, { denyOut: ['1.1.1.1'] });
    expect([network.statusCode, network.json().code]).toEqual([409, 409]);
    expect((await call('GET', `/sandboxes/${id}`)).json().network.denyOut).toEqual([]);
    const resumed = await call('POST', `/sandboxes/${id}/connect`, { timeout: 30 });
    expect([resumed.statusCode, resumed.json().envdAccessToken]).toEqual([201, envdAccessToken]);
    expect((await health(id)).statusCode).toBe(204);
    const { endAt, state } = (await call('GET', `/sandboxes/${id}`)).json();
    expect([Date.parse(endAt), state]).toEqual([e2b.fake.clock.wallMs() + 30_000, 'running']);
    const connected = await call('POST', `/v2/sandboxes/${id}/connect`);
    expect(connected.statusCode).toBe(200);
    expect(Date.parse((await call('GET', `/sandboxes/${id}`)).json().endAt)).toBe(e2b.fake.clock.wallMs() + 300_000);
    await call('POST', `/sandboxes/${id}/connect`, { timeout: 1 });
    expect(Date.parse((await call('GET', `/sandboxes/${id}`)).json().endAt)).toBe(e2b.fake.clock.wallMs() + 300_000);
    expect((await call('POST', `/sandboxes/${id}/resume`, { timeout: 60 })).statusCode).toBe(409);
  });

  it('without memory stops it, and a kill ends it', async () => {
    const { sandboxID: id } = await make();
    expect((await call('POST', `/sandboxes/${id}/pause`, { memory: false })).statusCode).toBe(204);
    expect([...e2b.fake.engine.sandboxes.values()].map(({ state }) => state)).toEqual(['stopped']);
    expect((await call('POST', `/sandboxes/${id}/resume`, { timeout: 60 })).statusCode).toBe(201);
    expect((await health(id)).statusCode).toBe(204);
    await call('POST', `/sandboxes/${id}/pause`);
    expect((await call('DELETE', `/sandboxes/${id}`)).statusCode).toBe(204);
    expect((await call('GET', `/sandboxes/${id}`)).statusCode).toBe(404);
  });

  it('at the end of its time is ended by traffic where that is wished, and else by no request to it', async () => {
    const { sandboxID: id } = await make({ autoPause: true, autoResume: { enabled: true } });
    const { sandboxID: still } = await make({ autoPause: true });
    e2b.fake.clock.nowMs += 61_000;
    expect((await call('GET', `/sandboxes/${id}`)).json()).toMatchObject({
      state: 'paused',
      lifecycle: { onTimeout: 'pause', autoResume: true },
    });
    expect((await health(still)).statusCode).toBe(502);
    expect((await health(id)).statusCode).toBe(204);
    expect(Date.parse((await call('GET', `/sandboxes/${id}`)).json().endAt)).toBe(e2b.fake.clock.wallMs() + 300_000);
  });
});
