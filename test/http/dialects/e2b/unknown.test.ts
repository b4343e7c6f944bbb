import { afterAll, beforeAll, expect, it } from 'vitest';
import { type FakeApp, startFakeApp } from '../../../support/fake-app.ts';
import { keyEntry } from '../../../support/key-entry.ts';

const KEY = 'e2b_0123456789abcdef';

/** Methods and paths of which some are routes of 49983 or 49999, and some of neither. */
const ASKED = [
  ['GET', '/'],
  ['GET', '/nothing'],
  ['GET', '/e2b/nothing'],
  ['GET', '/%20'],
  ['GET', '/v2/sandboxes'],
  ['GET', '/health'],
  ['DELETE', '/health'],
  ['PUT', '/files?path=a'],
  ['POST', '/process.Process/Nothing'],
  ['GET', '/process.Process/Start'],
  ['POST', '/init'],
  ['PATCH', '/contexts'],
  ['OPTIONS', '/nothing'],
] as const;

type Headers = Readonly<Record<string, string>>;

let fake: FakeApp;

beforeAll(async () => {
  fake = await startFakeApp({
    SANDBOX_API_KEYS: keyEntry('one', KEY),
    SANDBOX_PREVIEW_DOMAIN: 'preview.test',
  });
});

afterAll(() => fake.close());

const control = (method: 'POST' | 'DELETE', url: string, payload?: object) =>
  fake.inject({ method, url, headers: { 'x-api-key': KEY }, ...(payload ? { payload } : {}) });

async function make(): Promise<{ readonly id: string; readonly token: string }> {
  const made = await control('POST', '/v2/sandboxes', { templateID: 'base' });
  return { id: made.json().sandboxID, token: made.json().envdAccessToken };
}

/** Both ways of naming a port of a sandbox. */
const namesOf = (id: string, port: number): readonly Headers[] => [
  { 'e2b-sandbox-id': id, 'e2b-sandbox-port': String(port) },
  { host: `${port}-${id}.preview.test` },
];

it.each([49_983, 49_999])('a sandbox that is not there is told before the path, on port %i', async (port) => {
  const [dead, paused] = [await make(), await make()];
  await control('DELETE', `/sandboxes/${dead.id}`);
  await control('POST', `/sandboxes/${paused.id}/pause`);
  for (const id of [dead.id, paused.id, `i${'0'.repeat(24)}`]) {
    for (const named of namesOf(id, port)) {
      for (const [method, url] of ASKED) {
        const headers = { ...named, 'x-access-token': paused.token };
        const answer = await fake.inject({ method, url, headers });
        const gone = { sandboxId: id, message: 'The sandbox was not found', code: 502 };
        expect([method, url, named, answer.statusCode, answer.json()]).toEqual([method, url, named, 502, gone]);
      }
    }
  }
});

it('of one that is there a path is unknown, or takes other methods, to who has its token', async () => {
  const { id, token } = await make();
  for (const port of [49_983, 49_999]) {
    for (const named of namesOf(id, port)) {
      const ask = (method: 'GET' | 'PUT' | 'OPTIONS', url: string, more: Headers = { 'x-access-token': token }) =>
        fake.inject({ method, url, headers: { ...named, ...more } });
      expect((await ask('GET', '/nothing')).statusCode).toBe(404);
      const other = await ask('PUT', '/health');
      expect([other.statusCode, other.headers.allow]).toEqual([405, 'GET, HEAD, OPTIONS']);
      const options = await ask('OPTIONS', '/health', {});
      expect([options.statusCode, options.headers.allow]).toEqual([204, 'GET, HEAD, OPTIONS']);
      const isOpen = port === 49_999 && named.host === undefined;
      expect((await ask('GET', '/nothing', {})).statusCode).toBe(isOpen ? 404 : 401);
    }
  }
});
