import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { asCloudUser } from '../../support/cloud-user.ts';
import { API_KEY, type FakeApp, speaking, startFakeApp } from '../../support/fake-app.ts';

let fake: FakeApp;
let authorization: string;

beforeAll(async () => {
  fake = await startFakeApp({ SANDBOX_BODY_LIMIT: '1m' }, undefined, speaking('k2', 'manager', 'cloud'));
  ({ authorization } = await asCloudUser(fake, 'user-1'));
});

afterAll(() => fake.close());

const LARGE = { action: 'write', sandbox_id: 'x', path: 'large.bin', content: 'x'.repeat(2 ** 20) };

describe('a body over the limit', () => {
  it.each([
    ['a K2 client', 'POST', '/sandboxes/x/filesystem', 'detail', 'in parts'],
    ['SandboxClient of New-dev0/Sandbox', 'POST', '/api/v1/sandboxes/x/volumes/v/write?path=/a', 'detail', '/upload'],
    ['the Cloud SDK', 'PUT', '/api/v1/files', 'error', 'in parts'],
    ["Clara's bot", 'POST', '/sandbox/u/file', 'error', '/raw'],
  ] as const)('is a 413 in which %s reads what to do instead', async (_client, method, url, field, way) => {
    const isCloud = url === '/api/v1/files';
    const headers = isCloud ? { authorization } : { 'x-api-key': API_KEY };
    const answer = await fake.inject({ method, url, headers, payload: LARGE });
    expect(answer.statusCode).toBe(413);
    expect(answer.json()[field]).toMatch(/^The request body is too large for JSON; .*\.$/);
    expect(answer.json()[field]).toContain(way);
  });
});
