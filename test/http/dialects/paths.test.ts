import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { API_KEY, type FakeApp, startNativeApp } from '../../support/fake-app.ts';

let fake: FakeApp;

beforeEach(async () => {
  fake = await startNativeApp();
});

afterEach(async () => {
  await fake.close();
});

describe('a file that is written', () => {
  it.each(['/workspace/new/', 'new/', '.', '..', 'new/.', 'new/..'])(
    'is refused under %j, which names a folder',
    async (path) => {
      const sentence = 'path names a folder; end it with the name of a file.';
      const written = await fake.call('POST', '/sandbox/u/file', { path, content: 'x' });
      expect(written.statusCode).toBe(422);
      expect(written.json().error).toBe(sentence);
      const url = `/sandbox/u/raw?path=${encodeURIComponent(path)}`;
      const headers = { 'x-api-key': API_KEY, 'content-type': 'application/octet-stream' };
      const uploaded = await fake.inject({ method: 'PUT', url, headers, payload: 'x' });
      expect(uploaded.statusCode).toBe(422);
      expect(uploaded.json().error).toBe(sentence);
      expect(fake.engine.sandboxes.size).toBe(0);
    },
  );

  it('may have a name that begins or ends with dots', async () => {
    for (const path of ['.hidden', '..data', 'a/.b', 'end.', 'a..'])
      expect((await fake.call('POST', '/sandbox/u/file', { path, content: '' })).json()).toMatchObject({
        success: true,
      });
  });
});

describe('a query', () => {
  it.each(['%zz', '%', '%4', 'a%ff', '%c3%28'])('is refused with the escape %j, as a path is', async (text) => {
    const answer = await fake.call('GET', `/sandbox/u/file?path=${text}`);
    expect(answer.statusCode).toBe(422);
    expect(answer.json().error).toBe('The URL is not valid percent-encoding.');
    expect((await fake.call('GET', `/sandbox/${text}/status`)).json().error).toBe(answer.json().error);
  });

  it('is taken with every valid one', async () => {
    await fake.call('POST', '/sandbox/u/file', { path: 'a b+%é', content: 'x' });
    expect((await fake.call('GET', '/sandbox/u/file?path=a+b%2B%25%C3%A9')).json()).toMatchObject({ content: 'x' });
  });
});
