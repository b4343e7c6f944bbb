import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FakeApp } from '../../support/fake-app.ts';
import { startLocalApp } from '../../support/local-app.ts';

let fake: FakeApp;

beforeAll(async () => {
  fake = await startLocalApp();
});

afterAll(() => fake.close());

/** The sandbox of one user, which each test has of its own. */
const sandboxOf = async (user: string) => {
  const call = (method: 'GET' | 'POST' | 'DELETE', path: string, body?: object) =>
    fake.call(method, `/sandbox/${user}/${path}`, body);
  await call('POST', 'create', {});
  return {
    make: (body: object) => call('POST', 'contexts', body),
    run: async (id: string, code: string) => (await call('POST', `contexts/${id}/execute`, { code })).json(),
    listed: async () => (await call('GET', 'contexts')).json().contexts,
    stop: () => call('POST', 'stop'),
    call,
  };
};

describe('a context that two make at once', () => {
  it('is made for one of them and there already for the other, and listed once after a stop', async () => {
    const { make, listed, stop } = await sandboxOf('twice');
    const answers = await Promise.all([1, 2].map(() => make({ id: 'a', language: 'bash' })));
    expect(answers.map(({ statusCode }) => statusCode).sort()).toEqual([200, 201]);
    await stop();
    expect(await listed()).toMatchObject([
      { id: 'default', state: 'idle' },
      { id: 'a', state: 'dead' },
    ]);
    expect((await listed()).length).toBe(2);
  });
});

describe('the default context', () => {
  it('is there in a sandbox that nobody has made, as its first use makes that', async () => {
    const used = await fake.call('POST', '/sandbox/unmade/contexts/default/execute', { code: 'print(1)' });
    expect(used.json()).toMatchObject({ output: '1\n', context_restarted: false });
  });

  it('tells once, after a stop, that its variables are gone, and is no dead one', async () => {
    const { run, listed, stop } = await sandboxOf('forgotten');
    expect(await run('default', 'x = 1')).toMatchObject({ success: true, context_restarted: false });
    expect(await run('default', 'x')).toMatchObject({ success: true, context_restarted: false });
    await stop();
    expect(await listed()).toEqual([expect.objectContaining({ id: 'default', state: 'idle', created_at: null })]);
    expect(await run('default', 'x')).toMatchObject({ success: false, context_restarted: true });
    expect(await run('default', '1')).toMatchObject({ success: true, context_restarted: false });
  });

  it('tells so in the exit of a stream, and where a stream was all that used it', async () => {
    const { call, stop } = await sandboxOf('streamed');
    const exit = async () => {
      const { body } = await call('POST', 'contexts/default/execute', { code: '1', stream: true });
      return JSON.parse(body.trimEnd().split('data: ').at(-1) ?? '');
    };
    expect(await exit()).toMatchObject({ success: true, context_restarted: false });
    await stop();
    expect(await exit()).toMatchObject({ success: true, context_restarted: true });
    expect(await exit()).toMatchObject({ success: true, context_restarted: false });
  });

  it('says nothing of that where it was deleted, or only failed to be made', async () => {
    const { run, call, stop } = await sandboxOf('deleted');
    await run('default', '1');
    await call('DELETE', 'contexts/default');
    expect((await call('POST', 'execute', { code: '1', context: 'default', language: 'bash' })).statusCode).toBe(422);
    await stop();
    expect(await run('default', '1')).toMatchObject({ success: true, context_restarted: false });
  });

  it('can be made with another language and folder, which it has after a stop too', async () => {
    const { make, run, listed, stop } = await sandboxOf('chosen');
    const chosen = { id: 'default', language: 'bash', name: 'mine', cwd: '/tmp' };
    expect((await make(chosen)).statusCode).toBe(201);
    await stop();
    expect(await listed()).toMatchObject([{ ...chosen, state: 'dead' }]);
    expect(await run('default', 'pwd')).toMatchObject({ output: '/tmp\n', context_restarted: true });
    expect(await listed()).toMatchObject([{ ...chosen, state: 'idle' }]);
  });

  it('can be made with another language after a stop where it was only used', async () => {
    const { make, run, stop } = await sandboxOf('changed');
    await run('default', '1');
    await stop();
    expect((await make({ id: 'default', language: 'bash' })).statusCode).toBe(201);
    expect(await run('default', 'echo 1')).toMatchObject({ output: '1\n', context_restarted: true });
  });
});

describe('a dead context that is asked for again', () => {
  it('has the folder and the name that it is asked for with, after another stop too, and tells that its variables are gone', async () => {
    const { make, run, listed, stop } = await sandboxOf('again');
    await make({ id: 'a', language: 'bash', name: 'first' });
    await stop();
    const asked = { id: 'a', language: 'bash', name: 'second', cwd: '/tmp' };
    expect(await make(asked)).toMatchObject({ statusCode: 200 });
    expect(await run('a', 'pwd')).toMatchObject({ output: '/tmp\n', context_restarted: true });
    await stop();
    expect((await listed()).slice(1)).toMatchObject([{ ...asked, state: 'dead' }]);
    expect((await make({ id: 'a', language: 'python' })).statusCode).toBe(409);
    expect(await run('a', 'pwd')).toMatchObject({ output: '/tmp\n', context_restarted: true });
  });
});
