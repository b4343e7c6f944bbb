import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_KEY, type FakeApp, startFakeApp, WITH_DOCUMENTS } from '../../support/fake-app.ts';
import {
  BOT_KEY,
  CHAT_KEY,
  entryOf,
  FAR_KEY,
  FAR_VARIABLES,
  startGateway,
  type TestGateway,
} from '../../support/gateway.ts';

const E2B_KEY = 'e2b_0123456789abcdef0123456789abcdef01234567';

let far: FakeApp;
let gateway: TestGateway;

beforeAll(async () => {
  far = await startFakeApp(FAR_VARIABLES, undefined, WITH_DOCUMENTS);
  const url = await far.app.listen({ host: '127.0.0.1', port: 0 });
  const keys = [entryOf('bot', BOT_KEY), entryOf('chat', CHAT_KEY, ';prefix=chat-'), entryOf('sdk', E2B_KEY)];
  gateway = await startGateway(url, {
    SANDBOX_API_KEYS: keys.join(','),
    SANDBOX_PUBLIC_URL: 'https://gateway.example',
  });
});
afterAll(async () => {
  await gateway.close();
  await far.close();
});

const bearer = (token: string) => ({ authorization: `Bearer ${token}` });
const basic = (user: string, key: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${key}`).toString('base64')}`,
});
const farKey = { 'x-api-key': FAR_KEY };

describe('through a gateway', () => {
  it('the native API makes sandboxes for the holder of the client’s key', async () => {
    expect((await gateway.call('POST', '/sandbox/ada/create', {})).statusCode).toBe(200);
    const shown = (await far.call('GET', '/sandbox/ada/status')).json();
    expect(shown.created_by).toBe('gw/bot');
    for (const headers of [bearer(BOT_KEY), basic('anybody', BOT_KEY)]) {
      expect((await gateway.call('GET', '/sandbox/ada/status', undefined, headers)).json()).toEqual(shown);
    }
    expect(
      (await gateway.call('POST', '/sandbox/ada/execute', { code: '1', nonsense: 1, timeout: 'x' })).statusCode,
    ).toBe(422);
  });

  it('K2 lists what its key has made, and no other’s', async () => {
    const made = (await gateway.call('POST', '/sandboxes', {})).json();
    expect((await gateway.call('GET', '/sandboxes')).json().sandboxes).toMatchObject([{ sandbox_id: made.sandbox_id }]);
    const others = await gateway.call('GET', '/sandboxes', undefined, { 'x-api-key': CHAT_KEY });
    expect(others.json()).toEqual({ sandboxes: [] });
    const foreign = await gateway.call('GET', `/sandboxes/${made.sandbox_id}`, undefined, { 'x-api-key': CHAT_KEY });
    expect([foreign.statusCode, foreign.json()]).toEqual([404, { detail: 'Sandbox not found' }]);
  });

  it('the manager’s and E2B’s API work, the last by the form of the client’s key', async () => {
    const managed = await gateway.call('POST', '/api/v1/sandboxes', { image: 'python:3.9' });
    expect(managed.statusCode).toBe(200);
    const e2b = { 'x-api-key': E2B_KEY };
    const made = await gateway.call('POST', '/sandboxes', { templateID: 'base' }, e2b);
    expect(made.json()).toMatchObject({ sandboxID: expect.any(String), envdVersion: expect.any(String) });
    const { sandboxID: id, envdAccessToken: token } = made.json();
    const inside = { 'e2b-sandbox-id': id, 'e2b-sandbox-port': '49983', ...(token ? { 'x-access-token': token } : {}) };
    expect((await gateway.call('GET', '/health', undefined, inside)).statusCode).toBe(204);
    expect((await gateway.call('GET', `/sandboxes/${id}`, undefined, e2b)).json()).toMatchObject({ sandboxID: id });
    expect((await gateway.call('DELETE', `/sandboxes/${id}`, undefined, e2b)).statusCode).toBe(204);
    const other = await gateway.call('GET', '/v2/sandboxes');
    expect([other.statusCode, other.json()]).toEqual([401, { code: 401, message: expect.stringContaining('/e2b') }]);
    expect((await gateway.call('GET', '/e2b/v2/sandboxes')).json()).toEqual([]);
  });

  it('tokens of Cloud are the other server’s, and of one key’s users alone', async () => {
    const of = async (key: string, user: string) =>
      (await gateway.call('POST', '/api/v1/auth/token', { user_id: user }, { 'x-api-key': key })).json().access_token;
    const [ada, same] = [await of(BOT_KEY, 'chat-ada'), await of(CHAT_KEY, 'chat-ada')];
    const session = (await gateway.call('POST', '/api/v1/sessions', {}, bearer(ada))).json();
    expect((await gateway.call('GET', '/api/v1/sessions', undefined, bearer(ada))).json().sessions).toHaveLength(1);
    expect((await gateway.call('GET', '/api/v1/sessions', undefined, bearer(same))).json().sessions).toHaveLength(0);
    const byBasic = await gateway.call('GET', '/api/v1/sessions', undefined, basic('chat-ada', BOT_KEY));
    expect(byBasic.json().sessions).toMatchObject([{ id: session.id, user_id: 'chat-ada' }]);
    const refused = await gateway.call('POST', '/api/v1/auth/token', { user_id: 'ada' }, { 'x-api-key': CHAT_KEY });
    expect(refused.statusCode).toBe(403);
  });

  it('MCP answers its handshake, and no page of a foreign name', async () => {
    const hello = {
      ...{ jsonrpc: '2.0', id: 1, method: 'initialize' },
      params: { protocolVersion: '2025-11-25', capabilities: {}, clientInfo: { name: 'test', version: '1' } },
    };
    const accept = { accept: 'application/json, text/event-stream' };
    const answer = await gateway.call('POST', '/mcp', hello, { ...bearer(BOT_KEY), ...accept });
    expect(answer.statusCode).toBe(200);
    expect(answer.body).toContain('protocolVersion');
    const rebound = await gateway.call('POST', '/mcp', hello, { ...bearer(BOT_KEY), ...accept, host: 'evil.example' });
    expect(rebound.statusCode).toBe(403);
  });

  it('signed URLs name the gateway, and open what they say', async () => {
    await gateway.call('POST', '/sandbox/ada/create', {});
    const signed = await gateway.call('POST', '/sandbox/ada/sign', { method: 'GET', path: '/sandbox/ada/status' });
    const path = '/sandbox/ada/raw?path=a.txt';
    const file = await gateway.call('POST', '/sandbox/ada/sign', { method: 'GET', path });
    const { url } = signed.statusCode === 200 ? signed.json() : file.json();
    expect(url).toMatch(/^https:\/\/gateway\.example\/sandbox\/ada\//);
    const opened = await gateway.call('GET', url.slice('https://gateway.example'.length), undefined, {});
    expect(opened.statusCode).not.toBe(401);
    const forged = await gateway.call('GET', `${url.slice('https://gateway.example'.length)}x`, undefined, {});
    expect(forged.statusCode).toBe(401);
  });

  it('documents are those of the other server, and health, info and metrics tell of both', async () => {
    expect((await gateway.call('GET', '/docs/json', undefined, {})).json().info.title).toBe('Clara Sandbox');
    expect((await gateway.call('GET', '/', undefined, { accept: 'text/html' })).headers.location).toBe('/docs');
    expect((await gateway.call('GET', '/health', undefined, {})).json()).toEqual({
      ...{ status: 'healthy', docker: true, engine: 'remote', version: '0.0.0-test', service: 'gateway' },
    });
    expect((await gateway.call('GET', '/info')).json()).toMatchObject({
      engine: 'remote',
      available: true,
      max_sandboxes: 50,
    });
    expect((await gateway.call('GET', '/info', undefined, {})).statusCode).toBe(401);
    expect((await gateway.call('GET', '/metrics')).body).toContain(
      'http_requests_total{method="GET",path="/sandbox/:user_id/*"',
    );
  });
});

describe('keys at a gateway', () => {
  it('are its own, and wrong ones are refused in the words of the dialect', async () => {
    for (const headers of [{}, { 'x-api-key': 'wrong' }, { 'x-api-key': API_KEY }, farKey]) {
      const answer = await gateway.call('GET', '/sandbox/ada/status', undefined, headers);
      expect([answer.statusCode, answer.json()]).toEqual([401, { error: 'Invalid API key' }]);
    }
    expect((await gateway.call('GET', '/sandboxes', undefined, { 'x-api-key': 'wrong' })).json()).toEqual({
      detail: 'Invalid API key',
    });
  });

  it('are for the users of their prefix alone, also in lists and copies', async () => {
    const chat = { 'x-api-key': CHAT_KEY };
    for (const id of ['ada', 'chat', '%63hat', 'x%2Fchat-1']) {
      const answer = await gateway.call('POST', `/sandbox/${id}/create`, {}, chat);
      expect([id, answer.statusCode]).toEqual([id, 403]);
    }
    expect((await gateway.call('POST', '/sandbox/chat-1/create', {}, chat)).statusCode).toBe(200);
    expect((await gateway.call('POST', '/sandbox/chat-2/create', { from: { user_id: 'ada' } }, chat)).statusCode).toBe(
      403,
    );
    const listed = (await gateway.call('GET', '/sandbox', undefined, chat)).json().sandboxes;
    expect(listed.map((one: { user_id: string }) => one.user_id)).toEqual(['chat-1']);
  });

  it('say nothing of whom they ask for: what a client says of that is not passed on', async () => {
    const posing = { 'x-api-key': BOT_KEY, 'x-sandbox-principal': 'chat' };
    expect((await gateway.call('GET', '/sandboxes', undefined, posing)).statusCode).toBe(403);
    expect(
      (
        await far.inject({
          method: 'GET',
          url: '/sandboxes',
          headers: { 'x-api-key': API_KEY, 'x-sandbox-principal': 'bot' },
        })
      ).statusCode,
    ).toBe(403);
    for (const name of ['', 'a b', 'a/b/c/d/e', '../master']) {
      const headers = { ...farKey, 'x-sandbox-principal': name };
      expect((await far.inject({ method: 'GET', url: '/info', headers })).statusCode).toBe(422);
    }
  });
});
