import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

let fake: FakeApp;

beforeAll(async () => {
  fake = await startNativeApp();
  await fake.call('POST', '/sandbox/u/create', {});
});

afterAll(() => fake.close());

describe('contexts', () => {
  it.each([
    [{ id: '' }, 'id'],
    [{ id: 'a/b' }, 'id'],
    [{ id: 'x'.repeat(65) }, 'id'],
    [{ language: 'cobol' }, 'language'],
    [{ cwd: '' }, 'cwd'],
    [{ env: { 'A=B': '1' } }, 'env'],
    [{ name: 5 }, 'name'],
    [{ kernel: 'python' }, 'kernel'],
  ])('refuses to make one of %j, and names the field', async (body, field) => {
    const answer = await fake.call('POST', '/sandbox/u/contexts', body);
    expect(answer.statusCode).toBe(422);
    expect(answer.body).toContain(field);
  });

  it.each([
    [{}, 'code'],
    [{ code: 1 }, 'code'],
    [{ code: '1', timeout: 0 }, 'timeout'],
    [{ code: '1', timeout: 301 }, 'timeout'],
    [{ code: '1', silent: 'yes' }, 'silent'],
    [{ code: '1', context: 'other' }, 'context'],
  ])('refuses to run %j, and names the field', async (body, field) => {
    const answer = await fake.call('POST', '/sandbox/u/contexts/default/execute', body);
    expect(answer.statusCode).toBe(422);
    expect(answer.body).toContain(field);
  });

  it('refuses an id of execute that no context can have', async () => {
    const answer = await fake.call('POST', '/sandbox/u/execute', { code: '1', context: 'a b' });
    expect(answer.statusCode).toBe(422);
    expect(answer.json().detail[0].loc).toEqual(['body', 'context']);
  });

  it('makes no sandbox by a look at it, nor for a context that nobody has made', async () => {
    for (const [method, path] of [
      ['GET', 'contexts'],
      ['GET', 'contexts/default'],
      ['POST', 'contexts/other/interrupt'],
      ['POST', 'contexts/default/restart'],
      ['DELETE', 'contexts/default'],
    ] as const) {
      expect((await fake.call(method, `/sandbox/nobody/${path}`)).statusCode, path).toBe(404);
    }
    expect((await fake.call('POST', '/sandbox/nobody/contexts/other/execute', { code: '1' })).statusCode).toBe(404);
    expect((await fake.call('GET', '/sandbox/nobody/status')).statusCode).toBe(404);
  });
});

describe.each([
  ['POST', 'contexts/default/interrupt'],
  ['DELETE', 'contexts/default'],
] as const)('%s of %s', (method, path) => {
  it.each(['pause', 'stop'])('wakes the sandbox after a %s, although nothing runs in that context', async (verb) => {
    await fake.call('POST', '/sandbox/sleeper/create', {});
    await fake.call('POST', `/sandbox/sleeper/${verb}`);
    expect((await fake.call(method, `/sandbox/sleeper/${path}`)).statusCode).toBe(204);
    expect((await fake.call('GET', '/sandbox/sleeper/status')).json().status).toBe('running');
  });

  it('counts as a use of one that runs', async () => {
    await fake.call('POST', '/sandbox/used/create', {});
    fake.clock.nowMs += 60_000;
    await fake.call(method, `/sandbox/used/${path}`);
    const nowMs = fake.clock.nowMs;
    const { last_used: lastUsed } = (await fake.call('GET', '/sandbox/used/status')).json();
    expect(new Date(lastUsed).getTime()).toBe(nowMs);
  });
});

describe('the language of execute', () => {
  it.each([
    [{ code: '1', language: 'cobol' }, 'language'],
    [{ code: '1', language: '' }, 'language'],
    [{ code: '1', language: 'constructor' }, 'language'],
    [{ code: '1\0', language: 'javascript' }, 'code'],
  ])('refuses %j, and names the field', async (body, field) => {
    const answer = await fake.call('POST', '/sandbox/u/execute', body);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().detail[0].loc).toEqual(['body', field]);
  });

  it('is listed by /info', async () => {
    const answer = await fake.call('GET', '/info');
    expect(answer.json().languages).toEqual(['python', 'javascript', 'typescript', 'bash']);
  });
});
