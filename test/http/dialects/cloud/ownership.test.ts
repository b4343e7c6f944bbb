import { createHmac } from 'node:crypto';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { hashKey } from '../../../../src/auth/api-keys.ts';
import { asCloudUser, type CloudUser } from '../../../support/cloud-user.ts';
import { API_KEY, type FakeApp, speaking, startFakeApp } from '../../../support/fake-app.ts';

const JWT_SECRET = 'a-secret-of-these-tests-with-more-than-32-characters';
const BOT_KEY = 'key-of-the-bot';
const OTHER_KEY = 'key-of-another';

const keys = (bot: string) =>
  `bot:sha256:${hashKey(bot).toString('hex')},other:sha256:${hashKey(OTHER_KEY).toString('hex')};prefix=team-;sandboxes=1`;

let fake: FakeApp;
let user: CloudUser;

async function start(variables: Readonly<Record<string, string>> = {}): Promise<void> {
  fake = await startFakeApp(
    { JWT_SECRET, SANDBOX_API_KEYS: keys(BOT_KEY), ...variables },
    undefined,
    speaking('cloud', 'metrics'),
  );
  user = await asCloudUser(fake, 'alice');
}

beforeEach(() => start());

afterEach(() => fake.close());

const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token as other programs make it with the secret that they share. */
function forge(claims: object, header: object = { alg: 'HS256', typ: 'JWT' }, secret = JWT_SECRET): string {
  const seconds = fake.clock.wallMs() / 1000;
  const usual = { user_id: 'alice', role: 'user', sub: 'alice', iss: 'cloud-sandbox', iat: seconds, nbf: seconds };
  const head = `${encode(header)}.${encode({ ...usual, exp: seconds + 60, key: 'master', ...claims })}`;
  return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
}

const askToken = (body: object, headers: Record<string, string> = { 'x-api-key': API_KEY }) =>
  fake.inject({ method: 'POST', url: '/api/v1/auth/token', headers, payload: body });

describe('what a Cloud user has', () => {
  it('is not there for another user, the same one of another key, an admin by role, and the key itself', async () => {
    const id = (await user.call('POST', '/api/v1/sessions', {})).json().id;
    const sandbox = (await user.call('POST', '/api/v1/sandbox/acquire')).json().sandbox_id;
    const strangers = [
      (await askToken({ user_id: 'bob', role: 'admin' })).json().access_token,
      (await askToken({ user_id: 'alice', role: 'user' }, { 'x-api-key': BOT_KEY })).json().access_token,
      (await askToken({ user_id: 'alice/', role: 'admin' })).json().access_token,
      forge({ user_id: 'bob', sub: 'bob', role: 'service_role' }),
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
