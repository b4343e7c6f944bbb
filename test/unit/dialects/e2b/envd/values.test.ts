import { describe, expect, it } from 'vitest';
import { toPingMs, toTimeoutMs } from '../../../../../src/dialects/e2b/envd/connect/call-times.ts';
import { bytes, parseMessage, uint32 } from '../../../../../src/dialects/e2b/envd/connect/messages.ts';
import { chooseCoding } from '../../../../../src/dialects/e2b/envd/files/codings.ts';
import { mediaTypeOf } from '../../../../../src/dialects/e2b/envd/files/media-types.ts';
import { toMetadata } from '../../../../../src/dialects/e2b/envd/files/metadata.ts';
import { toEntryInfo, toPermissions } from '../../../../../src/dialects/e2b/envd/filesystem/mapping.ts';
import { resolvePath } from '../../../../../src/dialects/e2b/envd/paths.ts';
import { toInfo } from '../../../../../src/dialects/e2b/envd/process/mapping.ts';
import { findUser } from '../../../../../src/dialects/e2b/envd/users.ts';

const user = { name: 'user', home: '/home/user' };

describe('times of a call', () => {
  it('are milliseconds until its deadline, and seconds of silence', () => {
    expect(toTimeoutMs({ 'connect-timeout-ms': '1500' })).toBe(1500);
    expect(toTimeoutMs({})).toBeNull();
    expect(toTimeoutMs({ 'connect-timeout-ms': '9999999999' })).toBeNull();
    expect(toPingMs({ 'keepalive-ping-interval': '50' })).toBe(50_000);
    expect(toPingMs({ 'keepalive-ping-interval': '0' })).toBe(90_000);
    expect(toPingMs({})).toBe(90_000);
  });

  it.each(['soon', '-1', '1.5', '', '12345678901'])('are refused as %j', (text) => {
    expect(() => toTimeoutMs({ 'connect-timeout-ms': text })).toThrow('connect-timeout-ms');
  });
});

describe('paths of a request', () => {
  it.each([
    ['', '/home/user'],
    ['~', '/home/user'],
    ['~/a b', '/home/user/a b'],
    ['a/../b', '/home/user/b'],
    ['/tmp/./x', '/tmp/x'],
    ['../../etc', '/etc'],
  ])('%j is %j', (path, resolved) => {
    expect(resolvePath(path, user)).toBe(resolved);
  });

  it.each([['~root/x'], ['a\0b'], ['x'.repeat(5000)], ['\ud800']])('%j is refused', (path) => {
    expect(() => resolvePath(path, user)).toThrow(/path|home/);
  });

  it('begin at the home of the user that is named', () => {
    expect(resolvePath('x', findUser('root') ?? user)).toBe('/root/x');
    expect(findUser(undefined)).toEqual(user);
    expect(findUser('bob')).toBeNull();
    expect(findUser('constructor')).toBeNull();
  });
});

describe('codings of a file', () => {
  const small = { sizeBytes: 10, isText: true };
  const large = { sizeBytes: 5000, isText: true };
  const picture = { sizeBytes: 5000, isText: false };

  it.each([
    [undefined, large, 'identity'],
    ['gzip', small, 'gzip'],
    ['gzip', picture, 'gzip'],
    ['gzip, deflate', small, 'identity'],
    ['gzip, deflate', large, 'gzip'],
    ['gzip, deflate, br', picture, 'identity'],
    ['gzip;q=0', large, 'identity'],
    ['identity;q=0', small, null],
    ['identity;q=0, gzip', picture, 'gzip'],
    ['*;q=0', large, null],
    ['gzip;q=0.2, identity;q=0.9', large, 'identity'],
    ['*', large, 'gzip'],
    ['br', large, 'identity'],
  ] as const)('of Accept-Encoding %j are as it weighs them', (accept, file, coding) => {
    expect(chooseCoding(accept, file)).toBe(coding);
  });
});

describe('metadata of an upload', () => {
  it('is what headers say, by the key in lower case', () => {
    const raw = ['Host', 'x', 'X-Metadata-Author', 'Ada L.', 'x-metadata-b', ''];
    expect(toMetadata(raw)).toEqual({ author: 'Ada L.', b: '' });
  });

  it.each([
    ['a value that is no ASCII', ['X-Metadata-a', 'ä']],
    ['no key', ['X-Metadata-', 'x']],
    ['a long key', [`X-Metadata-${'k'.repeat(247)}`, 'x']],
    ['more than 4 KiB', ['X-Metadata-a', 'x'.repeat(4096)]],
  ])('with %s is refused', (_what, raw) => {
    expect(() => toMetadata(raw)).toThrow(/metadata/);
  });
});

describe('a process in a list', () => {
  it('has a folder and a tag where its start said so', () => {
    const config = { cmd: 'cat', args: [], envs: {}, cwd: '' };
    expect(toInfo({ kept: { pid: 7 }, config, tag: undefined })).toEqual({
      config: { cmd: 'cat', args: [], envs: {} },
      pid: 7,
    });
    const told = { ...config, cwd: '~/x' };
    expect(toInfo({ kept: { pid: 7 }, config: told, tag: 't' })).toEqual({ config: told, pid: 7, tag: 't' });
  });
});

describe('values of messages', () => {
  it('take bytes of both alphabets, and numbers as texts', () => {
    expect(parseMessage(bytes, '-_8').toString('hex')).toBe('fbff');
    expect(parseMessage(bytes, '+/8=').toString('hex')).toBe('fbff');
    expect(parseMessage(uint32, '42')).toBe(42);
    expect(() => parseMessage(bytes, 'no base64!')).toThrow('base64');
    expect(() => parseMessage(uint32, -1)).toThrow();
  });

  it('write modes as Go does', () => {
    expect(toPermissions('file', 0o644)).toBe('-rw-r--r--');
    expect(toPermissions('directory', 0o1777)).toBe('dtrwxrwxrwx');
    expect(toPermissions('symlink', 0o777)).toBe('Lrwxrwxrwx');
    expect(toPermissions('file', 0o4755)).toBe('urwxr-xr-x');
  });

  it('are Unicode whatever bytes the name of a file has', () => {
    const link = { path: '/a/\udcff', type: 'symlink', mode: 0o777, size: 1, mtimeNs: '0', uid: 1, gid: 1 } as const;
    const more = { target: null, owner: null, group: null, attributes: {} };
    const shown = toEntryInfo({ ...link, ...more, resolved: { path: '/b/\udcfe', type: 'file', mode: 0o644 } });
    expect([shown.name, shown.path, shown.symlinkTarget]).toEqual(['\ufffd', '/a/\ufffd', '/b/\ufffd']);
  });

  it('tell media types by the end of a name', () => {
    expect(mediaTypeOf('a.PNG')).toBe('image/png');
    expect(mediaTypeOf('constructor')).toBe('application/octet-stream');
    expect(mediaTypeOf('x.toString')).toBe('application/octet-stream');
  });
});
