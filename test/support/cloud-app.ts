import { expect } from 'vitest';
import { asCloudUser, type CloudUser } from './cloud-user.ts';
import { type FakeApp, speaking, startFakeApp } from './fake-app.ts';

/** An app over a fake engine as a user of the Cloud Sandbox API uses it, once `start` or `use` has made it. */
export function cloudApp(parts: NonNullable<Parameters<typeof startFakeApp>[2]> = speaking('cloud', 'metrics')) {
  let fake: FakeApp;
  let user: CloudUser;

  async function use(app: FakeApp): Promise<void> {
    fake = app;
    user = await asCloudUser(fake, 'my-user');
  }

  return {
    get fake() {
      return fake;
    },
    get user() {
      return user;
    },
    /** Goes on with an app that was made elsewhere. */
    use,
    start: async (variables: Readonly<Record<string, string>> = {}) =>
      await use(await startFakeApp(variables, undefined, parts)),
    acquire: async (of: CloudUser = user): Promise<string> => {
      const answer = await of.call('POST', '/api/v1/sandbox/acquire');
      expect(answer.statusCode).toBe(200);
      return answer.json().sandbox_id;
    },
    makeSession: async (body: object = {}, of: CloudUser = user): Promise<string> => {
      const made = await of.call('POST', '/api/v1/sessions', body);
      expect(made.statusCode).toBe(201);
      return made.json().id;
    },
    session: async (id: string) => (await user.call('GET', `/api/v1/sessions/${id}`)).json(),
    act: (id: string, action: string, body?: object) => user.call('POST', `/api/v1/sessions/${id}/${action}`, body),
    execute: (body: object) => user.call('POST', '/api/v1/execute', body),
  };
}
