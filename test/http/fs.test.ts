import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FakeAgent } from '../fakes/fake-agent.ts';
import { FakeEngine } from '../fakes/fake-engine.ts';
import { type FakeApp, startFakeApp } from '../support/fake-app.ts';

let fake: FakeApp;
let agent: FakeAgent;

beforeAll(async () => {
  const engine = new FakeEngine();
  engine.onAgent = (made) => {
    agent = made;
  };
  fake = await startFakeApp({}, engine);
  await fake.call('POST', '/sandbox/u/file', { path: 'hello.txt', content: 'Hello' });
});

afterAll(() => fake.close());

const base64 = (text: string | Uint8Array) => encodeURIComponent(Buffer.from(text).toString('base64'));

describe('reading folders', () => {
  it('tells a file with all its fields', async () => {
    const { statusCode, body } = await fake.call('GET', '/sandbox/u/fs/stat?path=hello.txt');
    expect(statusCode).toBe(200);
    expect(JSON.parse(body)).toEqual({
      name: 'hello.txt',
      path: '/workspace/hello.txt',
      type: 'file',
      size: 5,
      mode: '0644',
      uid: 1000,
      gid: 1000,
      owner: 'user',
      modified_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      target: null,
    });
    const { entries, next_cursor } = (await fake.call('GET', '/sandbox/u/fs')).json();
    expect([entries, next_cursor]).toEqual([[JSON.parse(body)], null]);
  });

  it('makes no sandbox', async () => {
    for (const path of ['fs', 'fs/stat?path=x']) {
      expect((await fake.call('GET', `/sandbox/nobody/${path}`)).statusCode).toBe(404);
    }
    expect((await fake.call('GET', '/sandbox/nobody/status')).statusCode).toBe(404);
  });

  it('passes on a path of bytes as the agent writes it', async () => {
    await fake.call('GET', `/sandbox/u/fs/stat?path_base64=${base64(Buffer.from('caf\xe9/\u00ff', 'latin1'))}`);
    expect(agent.requests.at(-1)).toMatchObject({ op: 'entry', path: '/workspace/caf\udce9/\udcff' });
  });

  it.each([
    ['fs?depth=0', 'depth'],
    ['fs?depth=33', 'depth'],
    ['fs?limit=10001', 'limit'],
    ['fs?limit=1.5', 'limit'],
    ['fs?hidden=maybe', 'hidden'],
    ['fs?cursor=!', 'cursor'],
    ['fs?cursor=abcd', 'cursor'],
    [`fs?cursor=${Buffer.from('l1:../x').toString('base64url')}`, 'cursor'],
    ['fs?path=', 'path'],
    ['fs?path=a%00b', 'path'],
    ['fs?path_base64=*', 'path_base64'],
    [`fs?path_base64=${base64('a\0b')}`, 'path_base64'],
    [`fs?path_base64=${base64('a'.repeat(4097))}`, 'path_base64'],
    [`fs?path=a&path_base64=${base64('a')}`, 'path_base64'],
    ['fs?colour=red', 'colour'],
    ['fs/stat', 'path'],
    ['fs/stat?path=a&follow=1', 'follow'],
    ['fs/stat?path=a&depth=1', 'depth'],
  ])('%s is a 422 that names %s', async (path, field) => {
    const response = await fake.call('GET', `/sandbox/u/${path}`);
    expect(response.statusCode).toBe(422);
    expect(response.json().detail).toMatchObject([{ loc: ['query', field] }]);
  });
});
