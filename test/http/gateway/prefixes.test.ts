import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startFar, stopFar } from '../../support/far-server.ts';
import { BOT_KEY, entryOf, startGateway, type TestGateway } from '../../support/gateway.ts';

let gateway: TestGateway;
const passed: (string | undefined)[] = [];

beforeAll(async () => {
  const url = await startFar(
    (asked, reply) => {
      passed.push(asked.url);
      asked.resume().on('end', () => reply.end('{}'));
    },
    0,
    'plain',
  );
  gateway = await startGateway(url, { SANDBOX_API_KEYS: entryOf('bot', BOT_KEY, ';prefix=chat-') });
});

afterAll(async () => {
  await gateway.close();
  await stopFar();
});

const key = { 'x-api-key': BOT_KEY };
const json = { ...key, 'content-type': 'application/json' };
const basic = (user: string, password: string) => ({
  authorization: `Basic ${Buffer.from(`${user}:${password}`).toString('base64')}`,
});

describe('a prefix that a gateway holds alone', () => {
  it.each([
    ['a create in another spelling', 'POST', '/sandbox/chat-1/%63reate', { from: { user_id: 'ada' } }, key],
    ['a create behind a mark', 'POST', '/sandbox/chat-1/create', '\uFEFF{"from":{"user_id":"ada"}}', json],
    ['a token for a user', 'POST', '/api/v1/auth/token', { user_id: 'ada' }, key],
    ['the same in another spelling', 'POST', '/api/v1/auth/%74oken', { user_id: 'ada' }, key],
    ['a user of Basic', 'GET', '/api/v1/sessions', undefined, basic('ada', BOT_KEY)],
    ['a user of Basic beside the key', 'GET', '/api/v1/%73essions', undefined, { ...basic('ada', 'x'), ...key }],
  ])('does not let another user in by %s', async (_what, method, path, body, headers) => {
    const before = passed.length;
    const { statusCode } = await gateway.call(method, path, body, headers);
    expect([statusCode, passed.length]).toEqual([403, before]);
  });

  it.each([
    ['a create of another of them', 'POST', '/sandbox/chat-1/create', { from: { user_id: 'chat-2' } }, key],
    ['a create that says nothing', 'POST', '/sandbox/chat-1/create', undefined, key],
    ['a token for one', 'POST', '/api/v1/auth/token', { user_id: 'chat-1' }, key],
    ['one of Basic', 'GET', '/api/v1/sessions', undefined, basic('chat-1', BOT_KEY)],
    ['the manager, where Basic names nobody', 'GET', '/api/v1/sandboxes', undefined, basic('ada', BOT_KEY)],
  ])('lets its own users do what they may: %s', async (_what, method, path, body, headers) => {
    expect((await gateway.call(method, path, body, headers)).statusCode).toBe(200);
    expect(passed.at(-1)).toBe(path);
  });
});
