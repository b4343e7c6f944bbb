import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { API_KEY, type FakeApp, startNativeApp } from '../../support/fake-app.ts';

const VALUE = 'value-of-the-secret-8J2k';

let fake: FakeApp;

const start = async () => {
  fake = await startNativeApp({ SANDBOX_NETWORK: 'proxy' });
  await fake.call('POST', '/sandbox/ada/create', {});
};
const close = () => fake.close();

const put = (name: string, body: unknown = {}) =>
  fake.call('PUT', `/sandbox/ada/secrets/${name}`, { value: VALUE, hosts: ['api.test'], ...(body as object) });
const list = async () => (await fake.call('GET', '/sandbox/ada/secrets')).json();

/** All that is in the data folder of the server. */
async function allFiles(): Promise<string> {
  const entries = await readdir(fake.dataDir, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return (await Promise.all(files.map((entry) => readFile(join(entry.parentPath, entry.name), 'latin1')))).join('\n');
}

describe('the secrets of a sandbox', () => {
  beforeEach(start);
  afterEach(close);

  it('are listed without their values, by name', async () => {
    expect((await put('Z_KEY')).statusCode).toBe(204);
    const hosts = ['*.Example.ORG', 'api.test:8443', '*.example.org:443', 'bücher.example'];
    expect((await put('A_KEY', { hosts, header: 'X-Token', in_query: true })).statusCode).toBe(204);
    expect(await list()).toEqual({
      secrets: [
        {
          name: 'A_KEY',
          hosts: ['*.example.org:443', 'api.test:8443', 'xn--bcher-kva.example:443'],
          header: 'x-token',
          in_query: true,
        },
        { name: 'Z_KEY', hosts: ['api.test:443'], header: null, in_query: false },
      ],
    });
  });

  it('are forgotten one by one, and with their sandbox', async () => {
    await put('KEY');
    expect((await fake.call('DELETE', '/sandbox/ada/secrets/KEY')).statusCode).toBe(204);
    expect((await fake.call('DELETE', '/sandbox/ada/secrets/KEY')).statusCode).toBe(404);
    await put('KEY');
    await fake.call('DELETE', '/sandbox/ada');
    expect((await fake.call('GET', '/sandbox/ada/secrets')).statusCode).toBe(404);
    expect((await put('KEY')).statusCode).toBe(404);
    await fake.call('POST', '/sandbox/ada/create', {});
    expect(await list()).toEqual({ secrets: [] });
  });

  it('are in no file and in no answer', async () => {
    await put('KEY');
    const answers = await Promise.all(
      ['secrets', 'status', ''].map((path) => fake.call('GET', `/sandbox/ada/${path}`.replace(/\/$/, ''))),
    );
    for (const { body } of [...answers, await fake.call('GET', '/sandbox')]) expect(body).not.toContain(VALUE);
    const files = await allFiles();
    expect(files).toContain('clara-secret-');
    expect(files).not.toContain(VALUE);
    expect(files).not.toContain(Buffer.from(VALUE).toString('base64').slice(0, 20));
  });

  it('keep their placeholder when they are set anew', async () => {
    const placeholder = async () => /clara-secret-[a-z0-9]{32}/.exec(await allFiles())?.[0];
    await put('KEY');
    const before = await placeholder();
    await put('KEY', { value: 'another' });
    expect(await placeholder()).toBe(before);
  });

  it('are 64 at the most', async () => {
    for (let index = 0; index < 64; index += 1) await put(`KEY_${index}`);
    expect((await put('ONE_MORE')).statusCode).toBe(409);
    expect((await put('KEY_5', { value: 'other' })).statusCode).toBe(204);
  });

  it('are refused where the network leads past the server', async () => {
    await fake.call('PATCH', '/sandbox/ada', { network: 'none', allow_restart: true });
    expect((await put('KEY')).statusCode).toBe(409);
    expect(await list()).toEqual({ secrets: [] });
  });

  it('have no first answer that is kept, and are never signed', async () => {
    const headers = { 'x-api-key': API_KEY, 'idempotency-key': 'once' };
    const payload = { value: VALUE, hosts: ['api.test'] };
    const url = '/sandbox/ada/secrets/KEY';
    expect((await fake.inject({ method: 'PUT', url, headers, payload })).statusCode).toBe(422);
    expect((await fake.inject({ method: 'DELETE', url, headers })).statusCode).toBe(422);
    expect(
      (await fake.call('POST', '/sandbox/ada/sign', { method: 'GET', path: '/sandbox/ada/secrets' })).statusCode,
    ).toBe(422);
  });

  it('are where the sandbox is, for whoever may use that', async () => {
    expect((await fake.call('PUT', '/sandbox/bob/secrets/KEY', { value: VALUE, hosts: ['api.test'] })).statusCode).toBe(
      404,
    );
    expect((await fake.inject({ method: 'GET', url: '/sandbox/ada/secrets' })).statusCode).toBe(401);
  });
});

describe('secrets of a sandbox that nobody can have', () => {
  beforeAll(start);
  afterAll(close);

  it.each([
    ['value', { value: '' }],
    ['value', { value: 'two\nlines' }],
    ['value', { value: 'x'.repeat(4097) }],
    ['value', { value: 5 }],
    ['hosts', { hosts: [] }],
    ['hosts', { hosts: 'api.test' }],
    ['hosts', { hosts: ['*'] }],
    ['hosts', { hosts: ['10.0.0.1'] }],
    ['hosts', { hosts: ['https://api.test'] }],
    ['hosts', { hosts: ['api.test:1-5'] }],
    ['hosts', { hosts: ['api.test/path'] }],
    ['header', { header: 'two words' }],
    ['header', { header: 'Host' }],
    ['in_query', { in_query: 'yes' }],
    ['unknown_field', { unknown_field: 1 }],
  ])('are refused with a wrong %s', async (field, body) => {
    const answer = await put('KEY', body);
    expect([answer.statusCode, answer.body]).toEqual([422, expect.stringContaining(field)]);
    expect(answer.body).not.toContain(VALUE);
  });

  it.each(['1KEY', 'A-B', 'PATH', 'https_proxy', 'SSL_CERT_FILE', 'LD_PRELOAD', 'x'.repeat(129)])(
    'are refused under the name %s',
    async (name) => {
      const answer = await put(name);
      expect([answer.statusCode, answer.body]).toEqual([422, expect.stringContaining('name')]);
    },
  );
});
