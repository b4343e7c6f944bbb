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
