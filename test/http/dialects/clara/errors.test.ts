import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_KEY, type FakeApp, startNativeApp } from '../../../support/fake-app.ts';

let fake: FakeApp;

beforeAll(async () => {
  fake = await startNativeApp();
});

afterAll(() => fake.close());

const code = { code: 'print(1)' };

describe('the key', () => {
  it.each([
    ['is absent', {}],
    ['is wrong', { 'x-api-key': 'wrong' }],
    ['is empty', { 'x-api-key': '' }],
    ['is almost right', { 'x-api-key': `${API_KEY} x` }],
    ['is a wrong Bearer token', { authorization: 'Bearer nope' }],
    ['is malformed', { authorization: 'Basic' }],
  ])('that %s is a 401 with a sentence', async (_name, headers) => {
    const response = await fake.inject({ method: 'POST', url: '/sandbox/u/execute', headers, payload: code });
    expect(response.statusCode).toBe(401);
    expect(response.json()).toEqual({ error: 'Invalid API key' });
  });

  it.each([
    ['X-API-Key', { 'x-api-key': API_KEY }],
    ['a Bearer token', { authorization: `Bearer ${API_KEY}` }],
    ['the password of HTTP Basic', { authorization: `Basic ${Buffer.from(`key:${API_KEY}`).toString('base64')}` }],
  ])('is accepted as %s', async (_name, headers) => {
    const response = await fake.inject({ method: 'POST', url: '/sandbox/u/execute', headers, payload: code });
    expect(response.statusCode).toBe(200);
    expect(response.json()).toMatchObject({ success: true, output: '1\n' });
  });

  it('is not needed for /health', async () => {
    const response = await fake.inject({ method: 'GET', url: '/health' });
    expect(response.json()).toEqual({
      status: 'healthy',
      docker: true,
      engine: 'docker',
      version: '0.0.0-test',
      service: 'gateway',
    });
  });

  it('is checked before the body is read', async () => {
    const response = await fake.inject({
      method: 'POST',
      url: '/sandbox/u/execute',
      headers: { 'content-type': 'application/json' },
      payload: '{"code": ',
    });
    expect(response.statusCode).toBe(401);
  });
});

describe('a wrong request', () => {
  const json = { 'x-api-key': API_KEY, 'content-type': 'application/json' };

  it.each([
    ['malformed JSON', '{"code": '],
    ['JSON that is no object', '[1, 2]'],
    ['no body at all', ''],
    ['null', 'null'],
    ['a missing field', '{}'],
    ['a wrong type', '{"code": 5}'],
    ['a timeout of 0', '{"code": "1", "timeout": 0}'],
    ['a timeout of 301', '{"code": "1", "timeout": 301}'],
    ['a timeout that is a text', '{"code": "1", "timeout": "soon"}'],
  ])('with %s is a 422 with a sentence and details', async (_name, payload) => {
    const response = await fake.inject({ method: 'POST', url: '/sandbox/u/execute', headers: json, payload });
    expect(response.statusCode).toBe(422);
    const body = response.json();
    expect(body.error).toMatch(/\w+ \w+/);
    expect(body.error).not.toMatch(/Bad Request|at .*\.ts|node_modules/);
    expect(body.detail.length).toBeGreaterThan(0);
    expect(body.detail[0]).toMatchObject({ loc: expect.any(Array), msg: expect.any(String), type: expect.any(String) });
  });

  it.each([
    ['a NUL in a path', 'GET', '/sandbox/u/file?path=%2Fworkspace%2Fa%00b', undefined],
    ['no path', 'GET', '/sandbox/u/file', undefined],
    ['an empty path', 'DELETE', '/sandbox/u/file?path=', undefined],
    ['an id of 2,000 characters', 'GET', `/sandbox/${'x'.repeat(2000)}/status`, undefined],
    ['an id with a control character', 'GET', '/sandbox/a%07b/status', undefined],
    ['an id that is not percent-encoding', 'GET', '/sandbox/%zz/status', undefined],
    ['bad base64', 'POST', '/sandbox/u/file', { path: 'a', content: '%%%', encoding: 'base64' }],
    ['an unknown encoding', 'POST', '/sandbox/u/file', { path: 'a', content: '', encoding: 'utf-7' }],
    ['options instead of a package', 'POST', '/sandbox/u/pip/install', { package: '--target=/ evil' }],
    ['an empty package', 'POST', '/sandbox/u/pip/install', { package: ' ' }],
    ['a NUL in a command', 'POST', '/sandbox/u/shell', { command: 'a\0b' }],
    ['a memory limit that is none', 'POST', '/sandbox/u/create', { memory_limit: 'lots' }],
    ['a memory limit over the maximum', 'POST', '/sandbox/u/create', { memory_limit: '64g' }],
    ['a CPU limit over the maximum', 'POST', '/sandbox/u/create', { cpu_limit: 5 }],
    ['an image that is not there', 'POST', '/sandbox/u2/create', { image: 'absent:latest' }],
  ] as const)('with %s is a 422', async (_name, method, url, body) => {
    const response = await fake.call(method, url, body);
    expect(response.statusCode).toBe(422);
    expect(response.json().error).toMatch(/\w+ \w+/);
  });

  it('to an unknown route is a 404 in both fields that clients read', async () => {
    const response = await fake.call('GET', '/sandbox/u/nothing');
    expect(response.statusCode).toBe(404);
    expect(response.json()).toEqual({ detail: 'Not Found', error: 'Not Found' });
  });

  it('with a body over the limit is a 413 that points to the streaming upload', async () => {
    const small = await startNativeApp({ SANDBOX_BODY_LIMIT: '1m' });
    try {
      const exact = { path: 'a', content: 'x'.repeat(2 ** 20 - JSON.stringify({ path: 'a', content: '' }).length) };
      expect((await small.call('POST', '/sandbox/u/file', exact)).statusCode).toBe(200);
      const response = await small.call('POST', '/sandbox/u/file', { ...exact, content: `${exact.content}x` });
      expect(response.statusCode).toBe(413);
      expect(response.json().error).toMatch(/too large.*raw/);
    } finally {
      await small.close();
    }
  });

  it('in another content type is a 415 with a sentence', async () => {
    const response = await fake.inject({
      method: 'POST',
      url: '/sandbox/u/execute',
      headers: { 'x-api-key': API_KEY, 'content-type': 'text/plain' },
      payload: 'print(1)',
    });
    expect(response.statusCode).toBe(415);
    expect(response.json().error).toMatch(/JSON/);
  });

  it.each([
    ['no content type', {}],
    ['a JSON content type', { 'content-type': 'application/json' }],
    ['a foreign content type', { 'content-type': 'text/plain', 'content-length': '0' }],
  ])('is none where an empty body comes with %s', async (_name, headers) => {
    const response = await fake.inject({
      method: 'POST',
      url: '/sandbox/empty-body/create',
      headers: { 'x-api-key': API_KEY, ...headers },
    });
    expect(response.statusCode).toBe(200);
  });
});

describe('an engine that is down', () => {
  it('makes /health unhealthy and everything else a 503, and all works again when it is back', async () => {
    const own = await startNativeApp();
    try {
      expect((await own.call('POST', '/sandbox/u/execute', code)).statusCode).toBe(200);
      own.engine.down = true;
      const health = await own.inject({ method: 'GET', url: '/health' });
      expect(health.statusCode).toBe(200);
      expect(health.json()).toMatchObject({ status: 'unhealthy', docker: false });
      for (const url of ['/sandbox/u/execute', '/sandbox/new/execute']) {
        const response = await own.call('POST', url, code);
        expect(response.statusCode).toBe(503);
        expect(response.json().error).toMatch(/engine/i);
        expect(response.headers['retry-after']).toMatch(/^[1-9]\d*$/);
      }
      expect((await own.call('GET', '/info')).json()).toMatchObject({ available: false });
      own.engine.down = false;
      expect((await own.call('POST', '/sandbox/u/execute', code)).json()).toMatchObject({ success: true });
      expect((await own.call('POST', '/sandbox/new/execute', code)).json()).toMatchObject({ success: true });
    } finally {
      await own.close();
    }
  });
});
