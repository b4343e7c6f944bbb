import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { FakeApp } from '../../support/fake-app.ts';
import { startLocalApp } from '../../support/local-app.ts';

let fake: FakeApp;

beforeAll(async () => {
  fake = await startLocalApp();
  await fake.call('POST', '/sandbox/u/file', { path: 'hello.txt', content: 'Hello' });
});

afterAll(() => fake.close());

const base64 = (text: string | Uint8Array) => encodeURIComponent(Buffer.from(text).toString('base64'));

describe('reading folders', () => {
  it('tells a file with all its fields', async () => {
    await fake.call('POST', '/sandbox/lone/file', { path: 'hello.txt', content: 'Hello' });
    const { statusCode, body } = await fake.call('GET', '/sandbox/lone/fs/stat?path=hello.txt');
    expect(statusCode).toBe(200);
    expect(JSON.parse(body)).toEqual({
      name: 'hello.txt',
      path: '/workspace/hello.txt',
      type: 'file',
      size: 5,
      mode: '0644',
      uid: 0,
      gid: 0,
      owner: 'root',
      modified_at: expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
      target: null,
    });
    const { entries, next_cursor } = (await fake.call('GET', '/sandbox/lone/fs')).json();
    expect([entries, next_cursor]).toEqual([[JSON.parse(body)], null]);
  });

  it('makes no sandbox', async () => {
    for (const path of ['fs', 'fs/stat?path=x']) {
      expect((await fake.call('GET', `/sandbox/nobody/${path}`)).statusCode).toBe(404);
    }
    expect((await fake.call('GET', '/sandbox/nobody/status')).statusCode).toBe(404);
  });

  it('finds a path of bytes that are no UTF-8', async () => {
    const bytes = Buffer.from('caf\xe9/\u00ff', 'latin1').toString('base64');
    await fake.call('POST', '/sandbox/u/fs/mkdir', { path_base64: bytes, parents: true });
    const { body } = await fake.call('GET', `/sandbox/u/fs/stat?path_base64=${encodeURIComponent(bytes)}`);
    expect(JSON.parse(body)).toMatchObject({
      name_base64: Buffer.from('\xff', 'latin1').toString('base64'),
      path: '/workspace/caf\ufffd/\ufffd',
      type: 'directory',
    });
  });

  it.each([
    ['fs?depth=0', 'depth'],
    ['fs?depth=33', 'depth'],
    ['fs?limit=10001', 'limit'],
    ['fs?limit=1.5', 'limit'],
    ['fs?hidden=maybe', 'hidden'],
    ['fs?cursor=!', 'cursor'],
    ['fs?cursor=abcd', 'cursor'],
    [`fs?cursor=${Buffer.from('l1:../x').toString('base64url')}`, 'cursor'],
    ['fs?path=', 'path'],
    ['fs?path=a%00b', 'path'],
    ['fs?path_base64=*', 'path_base64'],
    [`fs?path_base64=${base64('a\0b')}`, 'path_base64'],
    [`fs?path_base64=${base64('a'.repeat(4097))}`, 'path_base64'],
    [`fs?path=a&path_base64=${base64('a')}`, 'path_base64'],
    ['fs?colour=red', 'colour'],
    ['fs/stat', 'path'],
    ['fs/stat?path=a&follow=1', 'follow'],
    ['fs/stat?path=a&depth=1', 'depth'],
  ])('%s is a 422 that names %s', async (path, field) => {
    const response = await fake.call('GET', `/sandbox/u/${path}`);
    expect(response.statusCode).toBe(422);
    expect(response.json().detail).toMatchObject([{ loc: ['query', field] }]);
  });
});

describe('a search', () => {
  it.each([
    [{ query: '' }, 'query must not be empty.'],
    [{ query: 'a', limit: 0 }, 'limit must be 1 or more.'],
    [{ query: 'a', limit: 10_001 }, 'limit must be 10000 or less.'],
    [{ query: 'a', context_lines: 101 }, 'context_lines must be 100 or less.'],
    [{ query: 'a', context_lines: 1.5 }, 'context_lines must be a whole number.'],
  ])('%j is refused with a sentence: %s', async (body, error) => {
    const response = await fake.call('POST', '/sandbox/u/fs/search', body);
    expect([response.statusCode, response.json().error]).toEqual([422, error]);
  });
});

describe('what changes folders', () => {
  it('answers 201 for a folder that is made and 200 for one that is there', async () => {
    const make = () => fake.call('POST', '/sandbox/u/fs/mkdir', { path: 'made', mode: '0750', parents: true });
    expect([(await make()).statusCode, (await make()).statusCode]).toEqual([201, 200]);
    expect((await fake.call('GET', '/sandbox/u/fs/stat?path=made')).json()).toMatchObject({
      path: '/workspace/made',
      type: 'directory',
      mode: '0750',
    });
  });

  it('makes a sandbox', async () => {
    expect((await fake.call('POST', '/sandbox/new/fs/mkdir', { path: 'a' })).statusCode).toBe(201);
    expect((await fake.call('GET', '/sandbox/new/status')).statusCode).toBe(200);
  });

  it('moves from one end to the other, and says what is in the way', async () => {
    await fake.call('POST', '/sandbox/u/file', { path: 'from.txt', content: 'moved' });
    const bytes = Buffer.from('\xff', 'latin1').toString('base64');
    const move = { from: 'from.txt', to_base64: bytes };
    expect((await fake.call('POST', '/sandbox/u/fs/move', move)).json()).toMatchObject({
      name: '\ufffd',
      name_base64: bytes,
      path: '/workspace/\ufffd',
    });
    expect((await fake.call('GET', '/sandbox/u/fs/stat?path=from.txt')).statusCode).toBe(404);
    const moved = await fake.call('GET', `/sandbox/u/fs/stat?path_base64=${encodeURIComponent(bytes)}`);
    expect(moved.json()).toMatchObject({ path: '/workspace/\ufffd', size: 5 });
    await fake.call('POST', '/sandbox/u/file', { path: 'other.txt', content: '' });
    const over = await fake.call('POST', '/sandbox/u/fs/move', { from: 'other.txt', to: 'hello.txt' });
    expect(over.statusCode).toBe(409);
  });

  it.each([
    ['GET', `fs?path=${'x'.repeat(300)}`, ['query', 'path']],
    ['GET', `fs?path_base64=${base64('x'.repeat(300))}`, ['query', 'path_base64']],
    ['GET', `fs/watch?path=${'x'.repeat(300)}`, ['query', 'path']],
    ['GET', 'fs/hash?path=/dev/zero', ['query', 'path']],
    ['GET', 'file?path=/dev/zero', ['query', 'path']],
    ['PUT', 'raw?path=/dev/zero', ['query', 'path']],
    ['DELETE', 'fs?path=/proc&recursive=true', ['query', 'path']],
    ['POST', 'fs/mkdir', ['body', 'path'], { path: 'x'.repeat(300) }],
    ['POST', 'fs/edit', ['body', 'path'], { path: '/dev/zero', edits: [{ old: 'a', new: 'b' }] }],
    ['POST', 'fs/move', ['body', 'from_base64'], { from_base64: 'aGVsbG8udHh0L3g=', to: 'y' }],
  ] as const)('says of %s %.20s that the path is at fault', async (method, path, loc, body?: object) => {
    const refused = await fake.call(method, `/sandbox/u/${path}`, body);
    expect(refused.json()).toMatchObject({ detail: [{ loc }] });
    expect(refused.statusCode).toBe(422);
  });

  it('shows what is no Unicode in a path as U+FFFD', async () => {
    const bytes = base64(Buffer.from('\xff'.repeat(300), 'latin1'));
    const refused = await fake.call('GET', `/sandbox/u/fs/stat?path_base64=${bytes}`);
    expect(refused.json().error).toMatch(/^The name is too long: \/workspace\/\ufffd+/);
  });

  it.each([
    ['a target below a file', { from: 'hello.txt', to: 'hello.txt/x' }, 'to'],
    ['a folder that is to be put into itself', { from: 'own', to: 'own/self' }, 'to'],
    ['a target that is too long', { from: 'hello.txt', to: 'x'.repeat(300) }, 'to'],
    ['a source that cannot be read', { from: '/proc/self/mem', to: 'memory' }, 'from'],
    ['a source below a file', { from: 'hello.txt/x', to: 'y' }, 'from'],
  ])('names the field at fault for %s', async (_what, body, field) => {
    await fake.call('POST', '/sandbox/u/fs/mkdir', { path: 'own' });
    for (const op of ['copy', 'move']) {
      const refused = await fake.call('POST', `/sandbox/u/fs/${op}`, body);
      expect(refused.json()).toMatchObject({ detail: [{ loc: ['body', field] }] });
      expect(refused.statusCode).toBe(422);
    }
  });

  it('deletes once', async () => {
    await fake.call('POST', '/sandbox/u/file', { path: 'gone.txt', content: '' });
    const remove = () => fake.call('DELETE', '/sandbox/u/fs?path=gone.txt');
    expect([(await remove()).statusCode, (await remove()).statusCode]).toEqual([204, 404]);
  });

  it.each([
    ['mkdir', {}, 'path'],
    ['mkdir', { path: 'a', mode: '99' }, 'mode'],
    ['mkdir', { path: 'a', mode: 755 }, 'mode'],
    ['mkdir', { path: 'a', colour: 1 }, 'colour'],
    ['move', { from: 'a' }, 'to'],
    ['move', { to: 'a' }, 'from'],
    ['move', { from: 'a', to: 'b', to_base64: 'Yg==' }, 'to_base64'],
    ['copy', { from: 'a', to: 'b\0' }, 'to'],
    ['copy', { from: 'a', to: 'b', overwrite: 'yes' }, 'overwrite'],
    ['chmod', { path: 'a' }, 'mode'],
    ['chmod', { path: 'a', mode: '07777' }, 'mode'],
    ['search', {}, 'query'],
    ['search', { query: '' }, 'query'],
    ['search', { query: 'a\nb' }, 'query'],
    ['search', { query: 'a', limit: 0 }, 'limit'],
    ['search', { query: 'a', context_lines: 101 }, 'context_lines'],
    ['search', { query: 'a', include: '*.py' }, 'include'],
    ['search', { query: 'a', files: [] }, 'files'],
    ['edit', { path: 'a' }, 'edits'],
    ['edit', { path: 'a', edits: [] }, 'edits'],
    ['edit', { edits: [{ old: 'a', new: 'b' }] }, 'path'],
  ])('POST fs/%s of %j is a 422 that names %s', async (op, body, field) => {
    const response = await fake.call('POST', `/sandbox/u/fs/${op}`, body);
    expect(response.statusCode).toBe(422);
    expect(response.json().detail).toMatchObject([{ loc: ['body', field] }]);
  });

  it.each([
    [{ new: 'b' }, 'old'],
    [{ old: '', new: 'b' }, 'old'],
    [{ old: 'a' }, 'new'],
    [{ old: 'a', new: 'b', count: -1 }, 'count'],
    [{ old: 'a', new: 'b', all: true }, 'all'],
  ])('an edit of %j is a 422 that names it', async (edit, field) => {
    const edits = [{ old: 'x', new: 'y' }, edit];
    const response = await fake.call('POST', '/sandbox/u/fs/edit', { path: 'a', edits });
    expect(response.statusCode).toBe(422);
    expect(response.json().detail).toMatchObject([{ loc: ['body', 'edits', '1', field] }]);
  });

  it.each([
    ['DELETE', 'fs', 'path'],
    ['DELETE', 'fs?path=a&recursive=1', 'recursive'],
    ['GET', 'fs/glob', 'pattern'],
    ['GET', 'fs/glob?pattern=*&limit=0', 'limit'],
    ['GET', 'fs/hash?path=a&algorithm=crc', 'algorithm'],
    ['GET', 'fs/hash', 'path'],
  ] as const)('%s %s is a 422 that names %s', async (method, path, field) => {
    const response = await fake.call(method, `/sandbox/u/${path}`);
    expect(response.statusCode).toBe(422);
    expect(response.json().detail).toMatchObject([{ loc: ['query', field] }]);
  });
});
