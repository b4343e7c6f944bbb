import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

const KEY = { 'x-api-key': 'key-for-these-tests' };
const BEFORE = 'Tue, 01 Jan 2019 00:00:00 GMT';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
});

afterAll(() => server.close());

type Headers = Readonly<Record<string, string>>;

const raw = (method: string, path: string, headers: Headers = {}, body?: string) =>
  fetch(`${server.url}/sandbox/t/raw?path=${encodeURIComponent(path)}`, {
    method,
    headers: { ...KEY, ...headers },
    ...(body === undefined ? {} : { body }),
  });

/** Makes a file of this day and resolves with its tag. */
async function fileOf(path: string, day: string): Promise<string> {
  await raw('PUT', path, {}, 'first');
  await server.shell('t', `touch -d ${day}T12:00:00Z ${path}`);
  return (await raw('HEAD', path)).headers.get('etag') ?? '';
}

describe('a file that is asked for by its version', () => {
  it('comes only where it is that one', async () => {
    const tag = await fileOf('asked', '2020-01-01');
    for (const method of ['GET', 'HEAD']) {
      for (const [headers, status] of [
        [{ 'if-match': tag }, 200],
        [{ 'if-match': '"other"' }, 412],
        [{ 'if-unmodified-since': 'Wed, 01 Jan 2020 12:00:00 GMT' }, 200],
        [{ 'if-unmodified-since': BEFORE }, 412],
        [{ 'if-unmodified-since': BEFORE, 'if-match': tag }, 200],
      ] as const) {
        expect((await raw(method, 'asked', headers)).status).toBe(status);
      }
    }
    expect((await raw('GET', '/proc/version', { 'if-match': tag })).status).toBe(412);
    expect((await raw('GET', '/proc/version', { 'if-match': '*' })).status).toBe(200);
  });
});

describe('a file that is to be replaced by its version', () => {
  it('is replaced only where nobody has changed it since', async () => {
    await fileOf('target', '2020-01-01');
    const late = await raw('PUT', 'target', { 'if-unmodified-since': BEFORE }, 'second');
    expect([late.status, await late.json()]).toEqual([412, { error: expect.stringMatching(/was changed since/) }]);
    expect(await (await raw('GET', 'target')).text()).toBe('first');
    const seen = (await raw('HEAD', 'target')).headers.get('last-modified') ?? '';
    expect((await raw('PUT', 'target', { 'if-unmodified-since': seen }, 'second')).status).toBe(200);
    expect((await raw('PUT', 'target', { 'if-unmodified-since': seen }, 'third')).status).toBe(412);
    expect(await (await raw('GET', 'target')).text()).toBe('second');
    expect((await raw('PUT', 'absent', { 'if-unmodified-since': seen }, 'made')).status).toBe(201);
  });

  it('is not replaced by a part of one', async () => {
    await fileOf('whole', '2020-01-01');
    const part = await raw('PUT', 'whole', { 'content-range': 'bytes 0-0/5' }, 'x');
    expect(part.status).toBe(422);
    expect(await (await raw('GET', 'whole')).text()).toBe('first');
  });
});
