import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { API_KEY, type FakeApp } from '../../support/fake-app.ts';
import { startLocalApp } from '../../support/local-app.ts';

let fake: FakeApp;

beforeAll(async () => {
  fake = await startLocalApp();
});

afterAll(() => fake.close());

const field = (name: string, value: string) =>
  `--b\r\nContent-Disposition: form-data; name="${name}"\r\n\r\n${value}\r\n`;
const file = (fileName: string, content: string) =>
  `--b\r\nContent-Disposition: form-data; name="file"; filename="${fileName}"\r\n` +
  `Content-Type: application/octet-stream\r\n\r\n${content}\r\n`;
const END = '--b--\r\n';

const upload = (payload: string, type = 'multipart/form-data; boundary=b') =>
  fake.inject({
    method: 'POST',
    url: '/sandbox/u/fs/upload',
    headers: { 'x-api-key': API_KEY, 'content-type': type },
    payload,
  });

describe('a form', () => {
  it('puts each file into the folder, under the last part of its name', async () => {
    const form = [
      field('path', 'in'),
      file('a.txt', 'one'),
      file('../../etc/b.txt', 'two\r\n--c'),
      file('C:\\\\photos\\\\é.png', ''),
      END,
    ];
    const response = await upload(form.join(''));
    expect(response.json()).toEqual({
      files: [
        { path: '/workspace/in/a.txt', size: 3 },
        { path: '/workspace/in/b.txt', size: 8 },
        { path: '/workspace/in/é.png', size: 0 },
      ],
    });
    const read = await fake.call('GET', '/sandbox/u/file?path=in/b.txt');
    expect(read.json().content).toBe('two\r\n--c');
  });

  it('may name the folder by its bytes, and have no file', async () => {
    const form = field('path_base64', Buffer.from('in').toString('base64')) + END;
    expect((await upload(form)).json()).toEqual({ files: [] });
  });

  it.each([
    ['no path', file('a', 'x') + END, ['body', 'path']],
    ['nothing', END, ['body', 'path']],
    ['its path behind a file', file('a', 'x') + field('path', 'in') + END, ['body', 'path']],
    ['another field first', field('colour', 'red') + field('path', 'in') + END, ['body', 'path']],
    ['another field behind it', field('path', 'in') + field('colour', 'red') + END, ['body', 'colour']],
    ['an empty path', field('path', '') + END, ['body', 'path']],
    ['a file without a name', field('path', 'in') + file('..', 'x') + END, ['body', 'file']],
    ['no end', field('path', 'in') + file('cut.txt', 'x'), ['body']],
  ])('with %s is a 422 that says so', async (_what, payload, loc) => {
    const response = await upload(payload);
    expect(response.statusCode).toBe(422);
    expect(response.json().detail).toMatchObject([{ loc }]);
  });

  it('that is cut leaves no part of a file', async () => {
    await upload(field('path', 'in') + file('cut.txt', 'x').slice(0, -2));
    expect((await fake.call('GET', '/sandbox/u/file?path=in/cut.txt')).statusCode).toBe(404);
  });

  it('is multipart/form-data', async () => {
    expect((await upload('{}', 'application/json')).statusCode).toBe(415);
    expect((await upload('x', 'multipart/form-data')).statusCode).toBe(422);
  });
});
