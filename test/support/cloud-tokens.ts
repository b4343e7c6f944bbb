import { createHmac } from 'node:crypto';
import { API_KEY, type FakeApp, speaking, startFakeApp } from './fake-app.ts';
import { keyEntry } from './key-entry.ts';

/** The secret by which tokens of the Cloud Sandbox API are made in these tests. */
export const JWT_SECRET = 'a-secret-of-these-tests-with-more-than-32-characters';

/** The keys of two programs beside the one that the server has of itself. */
export const [BOT_KEY, OTHER_KEY] = ['key-of-the-bot', 'key-of-another'] as const;

/** Their entries, the second for one sandbox of users whose ids begin with `team-`. */
export const toKeys = (bot: string) =>
  [keyEntry('bot', bot), keyEntry('other', OTHER_KEY, ';prefix=team-;sandboxes=1')].join(',');

/** An app that speaks the Cloud Sandbox API, with these keys and this secret. */
export async function startTokensApp(variables: Readonly<Record<string, string>> = {}): Promise<FakeApp> {
  const settings = { JWT_SECRET, SANDBOX_API_KEYS: toKeys(BOT_KEY), ...variables };
  return await startFakeApp(settings, undefined, speaking('cloud', 'metrics'));
}

/** A part of a token. */
export const encode = (value: object) => Buffer.from(JSON.stringify(value)).toString('base64url');

/** A token as other programs make it with the secret that they share. */
export function forgeToken(
  { clock }: FakeApp,
  claims: object,
  header: object = { alg: 'HS256', typ: 'JWT' },
  secret = JWT_SECRET,
): string {
  const seconds = clock.wallMs() / 1000;
  const usual = { user_id: 'alice', role: 'user', sub: 'alice', iss: 'cloud-sandbox', iat: seconds, nbf: seconds };
  const head = `${encode(header)}.${encode({ ...usual, exp: seconds + 60, key: 'master', ...claims })}`;
  return `${head}.${createHmac('sha256', secret).update(head).digest('base64url')}`;
}

/** Asks for a token, as the holder of a key does. */
export async function askToken(
  { inject }: FakeApp,
  body: object,
  headers: Record<string, string> = { 'x-api-key': API_KEY },
) {
  return await inject({ method: 'POST', url: '/api/v1/auth/token', headers, payload: body });
}
