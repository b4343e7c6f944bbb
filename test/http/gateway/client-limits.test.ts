import { afterEach, describe, expect, it } from 'vitest';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { startFar, stopFar } from '../../support/far-server.ts';
import {
  BOT_KEY,
  CHAT_KEY,
  entryOf,
  FAR_KEY,
  FAR_VARIABLES,
  startGateway,
  type TestGateway,
} from '../../support/gateway.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function startOver(url: string, bot: string, chat = ''): Promise<TestGateway> {
  const keys = `${entryOf('bot', BOT_KEY, bot)},${entryOf('chat', CHAT_KEY, chat)}`;
  const gateway = await startGateway(url, { SANDBOX_API_KEYS: keys });
  closers.push(() => gateway.close());
  return gateway;
}

async function startBoth(bot: string, far: Readonly<Record<string, string>> = {}): Promise<[TestGateway, FakeApp]> {
  const fake = await startNativeApp({ ...FAR_VARIABLES, ...far });
  closers.push(() => fake.close());
  return [await startOver(await fake.app.listen({ host: '127.0.0.1', port: 0 }), bot), fake];
}

const asChat = { 'x-api-key': CHAT_KEY };

describe('the sandboxes of a key of a gateway', () => {
  it('are held where they are, for it alone, and those that were deleted count until their files are gone', async () => {
    const [gateway] = await startBoth(';sandboxes=1');
    const create = (id: string) => gateway.call('POST', `/sandbox/${id}/create`);
    expect((await create('a')).statusCode).toBe(200);
    const refused = await create('b');
    expect([refused.statusCode, refused.json().error]).toEqual([
      429,
      expect.stringMatching(/^The key gw\/bot has its 1 sandbox already/),
    ]);
    for (const id of ['chat-a', 'chat-b']) {
      expect((await gateway.call('POST', `/sandbox/${id}/create`, undefined, asChat)).statusCode).toBe(200);
    }
    await gateway.call('DELETE', '/sandbox/a');
    expect((await create('b')).json()).toMatchObject({ detail: ['a'] });
    await gateway.call('DELETE', '/sandbox/a?files=true');
    expect((await create('b')).statusCode).toBe(200);
  });

  it('count for the gateway’s own key too', async () => {
    const [gateway] = await startBoth(';sandboxes=2', {
      SANDBOX_API_KEYS: entryOf('gw', FAR_KEY, ';gateway;sandboxes=1'),
    });
    expect((await gateway.call('POST', '/sandbox/a/create')).statusCode).toBe(200);
    const refused = await gateway.call('POST', '/sandbox/b/create');
    expect([refused.statusCode, refused.json().error]).toEqual([
      429,
      expect.stringMatching(/^The key gw has its 1 sandbox already/),
    ]);
  });

  it('are told with each request, as its bytes of the disk are, and only from a gateway’s key', async () => {
    const seen: unknown[] = [];
    const url = await startFar((asked, reply) => {
      seen.push(asked.headers['x-sandbox-limits']);
      reply.end('{}');
    });
    closers.push(stopFar);
    const gateway = await startOver(url, ';sandboxes=3;disk=1g', ';disk=64m');
    const forged = { 'x-sandbox-limits': 'sandboxes=9' };
    await gateway.call('GET', '/x', undefined, { 'x-api-key': BOT_KEY, ...forged });
    await gateway.call('GET', '/x', undefined, { ...asChat, ...forged });
    expect(seen).toEqual([`sandboxes=3;disk=${2 ** 30}`, `disk=${2 ** 26}`]);
    const [, fake] = await startBoth('');
    const odd = { 'x-api-key': FAR_KEY, 'x-sandbox-principal': 'bot', 'x-sandbox-limits': 'sandboxes=many' };
    expect((await fake.inject({ method: 'GET', url: '/sandbox', headers: odd })).statusCode).toBe(422);
  });
});
