import { gzipSync } from 'node:zlib';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { API_KEY, type FakeApp, startNativeApp } from '../../../support/fake-app.ts';

let fake: FakeApp;

beforeAll(async () => {
  fake = await startNativeApp();
});

afterEach(async () => {
  await fake.call('DELETE', '/sandbox/u/destroy');
  // What limits requests has forgotten them by then.
  fake.clock.nowMs += 60_000;
});

afterAll(() => fake.close());

/** Every route that reads JSON, with a body that is right but for the text at `@`. */
const JSON_ROUTES = [
  ['execute', '{"code": "@"}'],
  ['shell', '{"command": "@"}'],
  ['pip/install', '{"package": "@"}'],
  ['create', '{"image": "@"}'],
  ['file', '{"path": "a.txt", "content": "@"}'],
  ['file', '{"path": "@", "content": ""}'],
  ['unzip', '{"path": "@"}'],
  ['unzip', '{"path": "a.zip", "destination": "@"}'],
] as const;

const post = (route: string, payload: string | Buffer, headers: Readonly<Record<string, string>> = {}) =>
  fake.inject({
    method: 'POST',
    url: `/sandbox/u/${route}`,
    headers: { 'x-api-key': API_KEY, 'content-type': 'application/json', ...headers },
    payload,
  });

const put = (route: string, payload: string | Buffer, headers: Readonly<Record<string, string>> = {}) =>
  fake.inject({
    method: 'PUT',
    url: `/sandbox/u/${route}`,
    headers: { 'x-api-key': API_KEY, 'content-type': 'application/octet-stream', ...headers },
    payload,
  });

const expectNothingDone = () => expect(fake.engine.sandboxes.size).toBe(0);

describe('a JSON body whose bytes are not UTF-8', () => {
  const bad = [
    ['latin1', Buffer.from('caf\xe9', 'latin1')],
    ['a byte that is never UTF-8', Buffer.from([0xff])],
    ['a character that is cut off', Buffer.from('€').subarray(0, 2)],
    ['half of a surrogate pair', Buffer.from([0xed, 0xa0, 0x80])],
    ['a character in more bytes than it needs', Buffer.from([0xc0, 0xaf])],
  ] as const;
  const around = (body: string, bytes: Buffer) => {
    const [before = '', after = ''] = body.split('@');
    return Buffer.concat([Buffer.from(before), bytes, Buffer.from(after)]);
  };

  it.each(JSON_ROUTES)('is a 400 with a sentence, and nothing is done: %s %s', async (route, body) => {
    for (const [what, bytes] of bad) {
      const response = await post(route, around(body, bytes));
      expect(response.statusCode, what).toBe(400);
      expect(response.json(), what).toEqual({ error: 'The body is not valid UTF-8; send JSON in UTF-8.' });
    }
    expectNothingDone();
  });

  it('is one too where it is large', async () => {
    const large = 'x'.repeat(2 ** 21);
    for (const [what, bytes] of bad) {
      const response = await post('file', around(`{"path": "a.txt", "content": "${large}@"}`, bytes));
      expect(response.statusCode, what).toBe(400);
      expect(response.json().error, what).toMatch(/not valid UTF-8/);
    }
    expectNothingDone();
  });

  it('is one too as UTF-16 and UTF-32 with their marks', async () => {
    const utf16 = Buffer.from('\ufeff{"code": "print(1)"}', 'utf16le');
    for (const bytes of [utf16, Buffer.from(utf16).swap16(), Buffer.from([0xff, 0xfe, 0, 0, 0x7b, 0, 0, 0])])
      expect((await post('execute', bytes)).statusCode).toBe(400);
    const unmarked = await post('execute', Buffer.from('{"code": "print(1)"}', 'utf16le'));
    expect(unmarked.statusCode).toBe(422);
    expectNothingDone();
  });

  it('is no raw upload, whose bytes are a file', async () => {
    expect((await put('raw?path=a.bin', Buffer.from([0xff, 0xc0]))).statusCode).toBe(201);
  });
});

describe('a charset', () => {
  it.each([
    'utf-16',
    'UTF-16LE',
    'latin1',
    'iso-8859-1',
    'windows-1252',
    '"utf-16"',
    'utf-7',
    '',
    'utf-8; charset=utf-16',
    'utf-8;foo=bar;charset=latin1',
  ])('%j is a 415 that names the header, and nothing is done', async (charset) => {
    for (const [route, body] of JSON_ROUTES) {
      const response = await post(route, body, { 'content-type': `application/json; charset=${charset}` });
      expect(response.statusCode, route).toBe(415);
      expect(response.json(), route).toMatchObject({
        error: expect.stringMatching(/^[A-Z].*UTF-8.*\.$/),
        detail: [{ loc: ['header', 'content-type'], msg: expect.any(String), type: expect.any(String) }],
      });
    }
    expectNothingDone();
  });

  it.each(['utf-8', 'UTF-8', 'utf8', '"utf-8"', 'Utf8; profile="a;charset=b"'])('%j is taken', async (charset) => {
    const response = await post('execute', '{"code": "print(1)"}', {
      'content-type': `application/json;charset=${charset}`,
    });
    expect(response.json()).toMatchObject({ output: '1\n' });
  });

  it('of an empty body does not matter, nor one of bytes', async () => {
    expect((await post('stop', '', { 'content-type': 'application/json; charset=utf-16' })).statusCode).toBe(200);
    const upload = await put('raw?path=a.txt', 'caf\xe9', { 'content-type': 'text/plain; charset=latin1' });
    expect(upload.statusCode).toBe(201);
  });
});

describe('a body with a content coding', () => {
  const codings = ['gzip', 'GZIP', 'x-gzip', 'deflate', 'br', 'zstd', 'compress', 'identity, gzip', 'nonsense'];

  it.each(codings)('%s is a 415 that says what is taken, on every route, and nothing is done', async (coding) => {
    const headers = { 'content-encoding': coding };
    const answers = await Promise.all([
      ...JSON_ROUTES.map(([route, body]) => post(route, gzipSync(body), headers)),
      ...JSON_ROUTES.map(([route, body]) => post(route, body, headers)),
      post('file', gzipSync(Buffer.alloc(2 ** 22)), headers),
      put('raw?path=a.txt', gzipSync('text'), headers),
      put('raw?path=a.txt', '', headers),
      put('archive?path=a&format=tar', gzipSync('text'), headers),
    ]);
    for (const response of answers) {
      expect(response.statusCode).toBe(415);
      expect(response.headers['accept-encoding']).toBe('identity');
      expect(response.json()).toMatchObject({
        error: expect.stringMatching(/^Send the body as it is, without Content-Encoding/),
        detail: [{ loc: ['header', 'content-encoding'] }],
      });
    }
    expectNothingDone();
  });

  it.each(['identity', 'Identity', '', ' identity , identity'])('%j is none', async (coding) => {
    const headers = { 'content-encoding': coding };
    expect((await post('execute', '{"code": "print(1)"}', headers)).json()).toMatchObject({ output: '1\n' });
    const path = encodeURIComponent(`of "${coding}".txt`);
    expect((await put(`raw?path=${path}`, 'text', headers)).statusCode).toBe(201);
  });

  it('is not looked at where no body is read', async () => {
    const headers = { 'x-api-key': API_KEY, 'content-encoding': 'gzip', 'content-type': 'application/json; charset=x' };
    for (const method of ['GET', 'HEAD'] as const) {
      expect((await fake.inject({ method, url: '/info', headers, payload: '{}' })).statusCode).toBe(200);
    }
    expect((await post('create', '', { 'content-encoding': 'gzip' })).statusCode).toBe(200);
  });

  it('is told only to who has the key', async () => {
    const response = await post('execute', gzipSync('{}'), { 'content-encoding': 'gzip', 'x-api-key': 'wrong' });
    expect(response.statusCode).toBe(401);
  });
});

describe('half of a surrogate pair in a JSON text', () => {
  const halves = ['\\ud800', '\\udc00', 'a\\ud83d', '\\ude00b', '\\ude00\\ud83d'];

  it.each(JSON_ROUTES)('is a 422 that names the field, and nothing is done: %s %s', async (route, body) => {
    const field = /"(\w+)": "@"/.exec(body)?.[1] ?? '';
    for (const half of halves) {
      const response = await post(route, body.replace('@', half));
      expect(response.statusCode, half).toBe(422);
      expect(response.json(), half).toMatchObject({
        error: `${field} must be Unicode text; it holds half of a surrogate pair.`,
        detail: [{ loc: ['body', field] }],
      });
    }
    expectNothingDone();
  });

  it('is found in a large body and within a list', async () => {
    const large = await post('file', `{"path": "a.txt", "content": "${'ü'.repeat(2 ** 20)}\\ud800"}`);
    expect(large.json().detail).toMatchObject([{ loc: ['body', 'content'] }]);
    const listed = await post('create', '{"egress_allow": ["a.example", "\\ud800"]}');
    expect(listed.json().detail).toMatchObject([{ loc: ['body', 'egress_allow', '1'] }]);
    expectNothingDone();
  });

  it('harms nobody where the field is not used, and a whole pair is a character', async () => {
    const description = '{"code": "print(1)", "description": "\\ud83d", "other": "\\ud800"}';
    expect((await post('execute', description)).json()).toMatchObject({ output: '1\n' });
    expect((await post('file', '{"path": "\\ud83d\\ude00.txt", "content": "\\ud83d\\ude00"}')).statusCode).toBe(200);
    const url = `/sandbox/u/file?path=${encodeURIComponent('😀.txt')}`;
    expect((await fake.call('GET', url)).json()).toMatchObject({ content: '😀', size: 4 });
  });
});
