import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_KEY, type FakeApp, startNativeApp } from '../../support/fake-app.ts';

let fake: FakeApp;

beforeAll(async () => {
  fake = await startNativeApp();
});

afterAll(() => fake.close());

describe('what is wrong with a request', () => {
  const execute = '/sandbox/u/execute';
  const create = '/sandbox/u/create';
  const file = '/sandbox/u/file';

  it.each([
    ['code is required and must be a text.', execute, {}, ['code']],
    ['code must be a text.', execute, { code: 5 }, ['code']],
    ['code must be a text.', execute, { code: null }, ['code']],
    ['The body must be a JSON object.', execute, [1, 2], []],
    ['timeout must be a whole number of seconds.', execute, { code: '1', timeout: '5' }, ['timeout']],
    ['timeout must be a whole number of seconds.', execute, { code: '1', timeout: 1.5 }, ['timeout']],
    ['timeout must be 300 or less.', execute, { code: '1', timeout: 301 }, ['timeout']],
    ['keep_running must be true or false.', execute, { code: '1', keep_running: 'yes' }, ['keep_running']],
    ['cpu_limit must be a number.', create, { cpu_limit: 'two' }, ['cpu_limit']],
    ['image must not be empty.', create, { image: '' }, ['image']],
    ['image must not hold control characters.', create, { image: 'a\nb' }, ['image']],
    ['image must have 512 characters or fewer.', create, { image: 'x'.repeat(513) }, ['image']],
    ['env must be a JSON object.', create, { env: [] }, ['env']],
    [
      'env.1A has a name that must have letters, digits and _ only, and no digit first.',
      create,
      { env: { '1A': '' } },
      ['env', '1A'],
    ],
    [
      `labels.${'k'.repeat(64)} has a name that must have 63 characters or fewer.`,
      create,
      { labels: { ['k'.repeat(64)]: 'v' } },
      ['labels', 'k'.repeat(64)],
    ],
    ['network must be none or proxy.', create, { network: 'host' }, ['network']],
    ['egress_allow must be a list.', create, { egress_allow: 'a.example' }, ['egress_allow']],
    ['egress_allow.0 must be a text.', create, { egress_allow: [5] }, ['egress_allow', '0']],
    [
      'egress_allow must have 64 entries or fewer.',
      create,
      { egress_allow: Array(65).fill('a.example') },
      ['egress_allow'],
    ],
    ['path is required and must be a text; content is required and must be a text.', file, {}, ['path', 'content']],
    ['encoding must be utf-8 or base64.', file, { path: 'a', content: '', encoding: 5 }, ['encoding']],
    ['edits must have 1 entry or more.', '/sandbox/u/fs/edit', { path: 'a', edits: [] }, ['edits']],
    ['content is not valid base64.', file, { path: 'a', content: '%%%', encoding: 'base64' }, ['content']],
  ])('is named, in a sentence: %s', async (sentence, url, body, fields) => {
    const response = await fake.call('POST', url, body);
    expect(response.statusCode).toBe(422);
    const { error, detail } = response.json();
    expect(error).toBe(sentence);
    const locations = sentence.includes('; ') ? fields.map((field) => ['body', field]) : [['body', ...fields]];
    expect(detail.map(({ loc }: { loc: string[] }) => loc)).toEqual(locations);
    for (const { msg } of detail) expect(sentence).toContain(msg);
  });

  it.each([
    ['path is required and must be a text.', '/sandbox/u/file', ['query', 'path']],
    ['format must be tar or zip.', '/sandbox/u/archive?path=a&format=rar', ['query', 'format']],
    ['user_id must have 256 characters or fewer.', `/sandbox/${'x'.repeat(9000)}/status`, ['path', 'user_id']],
    ['user_id must not hold control characters.', '/sandbox/a%07b/status', ['path', 'user_id']],
    ['The URL is not valid percent-encoding.', '/sandbox/%zz/status', ['path']],
    ['The URL is not valid percent-encoding.', '/sandbox/u/fs?path=%ff', ['query']],
  ])('in the URL is named, in a sentence: %s', async (sentence, url, loc) => {
    const response = await fake.call('GET', url);
    expect(response.statusCode).toBe(422);
    expect(response.json()).toMatchObject({ error: sentence, detail: [{ loc }] });
  });

  it.each([
    ['after must be a number.', 'processes/1/events?after=', 'after'],
    ['tail must be a number.', 'processes/1/output?tail=', 'tail'],
    ['interval must be a number of seconds.', 'usage?interval=', 'interval'],
    ['depth must be a whole number.', 'fs?depth=', 'depth'],
  ])('is a number that is empty, which is not 0: %s', async (sentence, path, name) => {
    const response = await fake.call('GET', `/sandbox/u/${path}`);
    expect(response.statusCode).toBe(422);
    expect(response.json()).toMatchObject({ error: sentence, detail: [{ loc: ['query', name] }] });
  });

  it('is the path, where that names something else than is asked of it', async () => {
    await fake.call('POST', file, { path: 'a.txt', content: 'text' });
    const sentence = 'path names a folder; end it with the name of a file.';
    const detail = [{ loc: ['body', 'path'], msg: 'names a folder; end it with the name of a file', type: 'invalid' }];
    const written = await fake.call('POST', file, { path: 'a/', content: 'text' });
    expect([written.statusCode, written.json()]).toEqual([422, { error: sentence, detail }]);
    for (const [method, url] of [
      ['PUT', 'raw?path=a/'],
      ['GET', 'file?path=/tmp'],
      ['GET', 'raw?path=/tmp'],
      ['GET', 'archive?path=a.txt'],
      ['GET', 'fs?path=a.txt'],
    ] as const) {
      const response = await fake.call(method, `/sandbox/u/${url}`);
      expect([url, response.statusCode]).toEqual([url, 422]);
      const { error, detail: issues } = response.json();
      expect(issues).toEqual([{ loc: ['query', 'path'], msg: expect.any(String), type: 'invalid' }]);
      expect(error).toContain(issues[0].msg);
    }
  });

  it.each([
    ['no body', '', 'The body is required and must be a JSON object.'],
    ['null', 'null', 'The body is required and must be a JSON object.'],
    ['a text that is no JSON', '{"code": ', 'The body is not valid JSON.'],
    ['a long text that is no JSON', `{"code": "${'x'.repeat(2 ** 20)}`, 'The body is not valid JSON.'],
  ])('where there is %s is the body', async (_name, payload, sentence) => {
    const headers = { 'x-api-key': API_KEY, 'content-type': 'application/json' };
    const response = await fake.inject({ method: 'POST', url: execute, headers, payload });
    expect(response.statusCode).toBe(422);
    expect(response.json()).toMatchObject({ error: sentence, detail: [{ loc: ['body'] }] });
  });

  it('is the content type, where that is another', async () => {
    const headers = { 'x-api-key': API_KEY, 'content-type': 'text/plain' };
    const response = await fake.inject({ method: 'POST', url: execute, headers, payload: 'print(1)' });
    expect(response.statusCode).toBe(415);
    expect(response.json()).toMatchObject({
      error: expect.stringMatching(/application\/json/),
      detail: [{ loc: ['header', 'content-type'], msg: expect.any(String), type: expect.any(String) }],
    });
  });
});
