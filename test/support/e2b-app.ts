import { expect } from 'vitest';
import { type FakeApp, speakingOnly, startFakeApp } from './fake-app.ts';
import { keyEntry } from './key-entry.ts';

/** The keys of two clients of E2B's API. */
export const [KEY, OTHER_KEY] = ['e2b_0123456789abcdef', 'e2b_fedcba9876543210'] as const;

/** The dialects that E2B's clients speak, and the one whose routes they share. */
export const E2B_DIALECTS = ['k2', 'e2b', 'e2b-envd', 'e2b-interpreter', 'e2b-port'] as const;

/** What envd's port answers of a sandbox that is not there. */
export const GONE = { message: 'The sandbox was not found', code: 502 };

type Method = 'GET' | 'POST' | 'PUT' | 'DELETE';
type Headers = Readonly<Record<string, string>>;

/** An app over a fake engine as a client of E2B's control plane uses it, once `start` has made it. */
export function e2bApp(parts = speakingOnly(...E2B_DIALECTS)) {
  let fake: FakeApp;

  async function call(method: Method, url: string, body?: object, headers: Headers = {}) {
    return await fake.inject({
      method,
      url,
      headers: { 'x-api-key': KEY, ...headers },
      ...(body === undefined ? {} : { payload: body }),
    });
  }

  return {
    get fake() {
      return fake;
    },
    start: async (variables: Readonly<Record<string, string>> = {}): Promise<void> => {
      const keys = [keyEntry('one', KEY), keyEntry('other', OTHER_KEY)].join(',');
      fake = await startFakeApp({ SANDBOX_API_KEYS: keys, ...variables }, undefined, parts);
    },
    call,
    /** Makes a sandbox; the answer. */
    make: async (body: object = {}, path = '/sandboxes') => {
      const answer = await call('POST', path, { templateID: 'base', timeout: 60, ...body });
      expect(answer.statusCode, answer.body).toBe(201);
      return answer.json();
    },
    /** Asks envd for its health. */
    health: async (id: string, headers: Headers = {}) =>
      await fake.inject({
        method: 'GET',
        url: '/health',
        headers: { 'e2b-sandbox-id': id, 'e2b-sandbox-port': '49983', ...headers },
      }),
  };
}
