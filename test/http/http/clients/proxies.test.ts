import { once } from 'node:events';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import { API_KEY, type FakeApp, startNativeApp } from '../../../support/fake-app.ts';
import { RawClient } from '../../../support/raw-client.ts';

const PROXY = '10.9.8.7';

let fake: FakeApp;
const clients: RawClient[] = [];

afterEach(async () => {
  for (const client of clients.splice(0)) client.leave();
  await fake.close();
});

const start = async (variables: Readonly<Record<string, string>>) => {
  fake = await startNativeApp(variables);
};

const wrong = async (remoteAddress: string, forwarded?: string) => {
  const headers = { 'x-api-key': 'wrong', ...(forwarded === undefined ? {} : { 'x-forwarded-for': forwarded }) };
  return (await fake.inject({ method: 'GET', url: '/info', headers, remoteAddress })).statusCode;
};

/** The answers to N wrong keys, of which ten of one client are a 401. */
async function wrongs(count: number, ask: (index: number) => Promise<number>): Promise<number[]> {
  const answers: number[] = [];
  for (let index = 0; index < count; index += 1) answers.push(await ask(index));
  return answers;
}

const TEN_AND_ONE_TOO_MANY = [...Array<number>(10).fill(401), 429];

describe('the address of a client', () => {
  it('is never what a header says, where no proxy is trusted', async () => {
    await start({});
    expect(await wrongs(11, (index) => wrong('198.51.100.1', `203.0.113.${index}`))).toEqual(TEN_AND_ONE_TOO_MANY);
  });

  it('is not what a header says that comes past the trusted proxy', async () => {
    await start({ SANDBOX_TRUSTED_PROXIES: PROXY });
    expect(await wrongs(11, (index) => wrong('198.51.100.1', `203.0.113.${index}`))).toEqual(TEN_AND_ONE_TOO_MANY);
    // Nor can that client use up what another one has.
    expect(await wrong(PROXY, '203.0.113.1')).toBe(401);
  });

  it.each([
    ['one address', PROXY, PROXY],
    ['a range', '10.9.8.0/24, fd00::1', PROXY],
    ['IPv6', 'fd00::/64', 'fd00::7'],
    ['an address that the socket shows as IPv6', PROXY, `::ffff:${PROXY}`],
  ])('is what the trusted proxy says, with %s', async (_what, trusted, proxy) => {
    await start({ SANDBOX_TRUSTED_PROXIES: trusted });
    expect(await wrongs(11, () => wrong(proxy, '203.0.113.1'))).toEqual(TEN_AND_ONE_TOO_MANY);
    expect(await wrong(proxy, '203.0.113.2')).toBe(401);
  });

  it('is the last one that no trusted proxy has, whatever the client put before it', async () => {
    await start({ SANDBOX_TRUSTED_PROXIES: `${PROXY},10.9.8.6` });
    const chain = (index: number) => `1.2.3.${index}, 10.9.8.6, 203.0.113.1, 10.9.8.6`;
    expect(await wrongs(11, (index) => wrong(PROXY, chain(index)))).toEqual(TEN_AND_ONE_TOO_MANY);
  });

  it.each(['evil', '203.0.113.999', '', ',', '203.0.113.1:8080', 'x'.repeat(8000), `${'10.9.8.7,'.repeat(1500)}evil`])(
    'is the proxy where it names none: %#',
    async (nonsense) => {
      await start({ SANDBOX_TRUSTED_PROXIES: PROXY });
      expect(await wrongs(11, (index) => wrong(PROXY, nonsense && nonsense + index))).toEqual(TEN_AND_ONE_TOO_MANY);
    },
  );

  it('counts on routes that need no key too', async () => {
    await start({ SANDBOX_TRUSTED_PROXIES: PROXY, SANDBOX_RATE_LIMIT: '1' });
    const health = async (forwarded: string) => {
      const headers = { 'x-forwarded-for': forwarded };
      return (await fake.inject({ method: 'GET', url: '/health', headers, remoteAddress: PROXY })).statusCode;
    };
    expect(await health('203.0.113.1')).toBe(200);
    expect(await health('203.0.113.1')).toBe(429);
    expect(await health('203.0.113.2')).toBe(200);
  });
});

describe('the connections of one address', () => {
  const open = async () => {
    const client = await RawClient.open((fake.app.server.address() as AddressInfo).port);
    clients.push(client);
    return client;
  };
  const get = 'GET /health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n';

  it('are closed over the limit, and may come again when one has ended', async () => {
    await start({ SANDBOX_MAX_CONNECTIONS_PER_ADDRESS: '3' });
    await fake.app.listen({ host: '127.0.0.1', port: 0 });
    const first = await Promise.all([open(), open(), open()]);
    expect(await (await open()).end()).toBe('');
    for (const client of first.slice(1)) {
      client.send(get);
      expect(await client.end()).toMatch(/^HTTP\/1\.1 200 /);
    }
    const next = await open();
    next.send(get);
    expect(await next.end()).toMatch(/^HTTP\/1\.1 200 /);
  });

  it('are not limited for a trusted proxy, whose clients may each have as many requests under way', async () => {
    await start({ SANDBOX_MAX_CONNECTIONS_PER_ADDRESS: '2', SANDBOX_TRUSTED_PROXIES: '127.0.0.1' });
    await fake.app.listen({ host: '127.0.0.1', port: 0 });
    const gate = fake.engine.hold('create');
    const execute = async (client: string) => {
      const body = '{"code": "print(1)"}';
      const head = `Host: x\r\nX-API-Key: ${API_KEY}\r\nX-Forwarded-For: ${client}\r\nConnection: close\r\n`;
      const from = await open();
      from.send(
        `POST /sandbox/u/execute HTTP/1.1\r\n${head}Content-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n${body}`,
      );
      return from;
    };
    const begun = once(fake.app.server, 'request');
    const waiting = [await execute('203.0.113.1'), await execute('203.0.113.1')];
    await begun;
    const third = await (await execute('203.0.113.1')).end();
    expect(third).toMatch(/^HTTP\/1\.1 429 /);
    expect(third).toContain('Your address has 2 requests under way');
    const other = await execute('203.0.113.2');
    gate.release();
    for (const client of [...waiting, other]) expect(await client.end()).toMatch(/^HTTP\/1\.1 200 /);
    expect(await (await execute('203.0.113.1')).end()).toMatch(/^HTTP\/1\.1 200 /);
  });
});
