import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { askToken, BOT_KEY, forgeToken, startTokensApp } from '../../../support/cloud-tokens.ts';
import { asCloudUser, type CloudUser } from '../../../support/cloud-user.ts';
import type { FakeApp } from '../../../support/fake-app.ts';

let fake: FakeApp;
let user: CloudUser;

async function start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
  fake = await startTokensApp(variables);
  user = await asCloudUser(fake, 'alice');
}

beforeEach(() => start());

afterEach(() => fake.close());

describe('what a Cloud user has', () => {
  it('is not there for another user, the same one of another key, an admin by role, and the key itself', async () => {
    const id = (await user.call('POST', '/api/v1/sessions', {})).json().id;
    const sandbox = (await user.call('POST', '/api/v1/sandbox/acquire')).json().sandbox_id;
    const strangers = [
      (await askToken(fake, { user_id: 'bob', role: 'admin' })).json().access_token,
      (await askToken(fake, { user_id: 'alice', role: 'user' }, { 'x-api-key': BOT_KEY })).json().access_token,
      (await askToken(fake, { user_id: 'alice/', role: 'admin' })).json().access_token,
      forgeToken(fake, { user_id: 'bob', sub: 'bob', role: 'service_role' }),
    ];
    for (const token of strangers) {
      const call = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, payload?: object) =>
        fake.inject({
          ...{ method, url, headers: { authorization: `Bearer ${token}` } },
          ...(payload === undefined ? {} : { payload }),
        });
      expect((await call('GET', '/api/v1/sessions')).json()).toEqual({ sessions: [] });
      const mine = (await call('POST', '/api/v1/sessions', {})).json().id;
      for (const answer of [
        await call('GET', `/api/v1/sessions/${id}`),
        await call('DELETE', `/api/v1/sessions/${id}`),
        await call('POST', `/api/v1/sessions/${id}/pause`),
        await call('POST', `/api/v1/sessions/${id}/resume`),
        await call('POST', `/api/v1/sessions/${id}/touch`),
        await call('POST', `/api/v1/sessions/${id}/explode`),
        await call('POST', `/api/v1/sessions/${id}/bind`, { sandbox_id: sandbox }),
        await call('POST', `/api/v1/sessions/${mine}/bind`, { sandbox_id: sandbox }),
        await call('DELETE', `/api/v1/sessions/${id}/bind`),
        await call('POST', '/api/v1/sandbox/release', { sandbox_id: sandbox }),
        await call('POST', '/api/v1/execute', { sandbox_id: sandbox, code: '1' }),
        await call('GET', `/api/v1/files?sandbox_id=${sandbox}`),
        await call('GET', `/api/v1/files/content?sandbox_id=${sandbox}&path=a`),
        await call('PUT', '/api/v1/files', { sandbox_id: sandbox, path: 'a', content: '' }),
        await call('DELETE', `/api/v1/files?sandbox_id=${sandbox}&path=a`),
      ]) {
        expect([answer.statusCode, answer.json().error]).toEqual([404, 'not_found']);
      }
      await call('DELETE', `/api/v1/sessions/${mine}`);
    }
    expect((await fake.call('GET', `/sandboxes/${sandbox}`)).statusCode).toBe(404);
    expect((await fake.call('GET', `/sandbox/${sandbox}/status`)).statusCode).toBe(404);
    const used = await user.call('POST', '/api/v1/execute', { sandbox_id: sandbox, code: '1' });
    expect(used.statusCode).toBe(200);
  });
});
