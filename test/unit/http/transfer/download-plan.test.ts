import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseRange } from '../../../../src/http/transfer/byte-range.ts';
import { attachment } from '../../../../src/http/transfer/content-disposition.ts';
import { planDownload } from '../../../../src/http/transfer/download-plan.ts';
import { isListed, parseEntityTags } from '../../../../src/http/transfer/entity-tags.ts';

const NOW_MS = Date.UTC(2026, 0, 2);
const FILE = { name: 'a.txt', sizeBytes: 10, modifiedMs: Date.UTC(2026, 0, 1, 12), version: 'v1' };
const plan = (headers: Readonly<Record<string, string>>, method = 'GET', file = FILE) =>
  planDownload({ method, headers }, file, NOW_MS);

describe('a range', () => {
  it('always lies within the file', () => {
    fc.assert(
      fc.property(fc.nat(), fc.option(fc.nat()), fc.option(fc.nat()), (sizeBytes, first, last) => {
        const range = parseRange(`bytes=${first ?? ''}-${last ?? ''}`, sizeBytes);
        if (range === null || range === 'unsatisfiable') return;
        expect(range.lengthBytes).toBeGreaterThan(0);
        expect(range.offset).toBeGreaterThanOrEqual(0);
        expect(range.offset + range.lengthBytes).toBeLessThanOrEqual(sizeBytes);
      }),
    );
  });

  it.each([
    undefined,
    '',
    'bytes',
    'bytes=',
    'bytes=-',
    'bytes=a-b',
    'bytes=1-0',
    'bytes=0-1,3-4',
    'bytes=0x1-2',
    'bytes=1 -2',
    'chars=0-1',
    `bytes=0-1${' '.repeat(5)}x`,
  ])('that reads %j counts as none', (header) => {
    expect(parseRange(header, 10)).toBeNull();
  });

  it('with numbers beyond all files is answered with what there is', () => {
    expect(parseRange(`bytes=9-${'9'.repeat(400)}`, 10)).toEqual({ offset: 9, lengthBytes: 1 });
    expect(parseRange(`bytes=-${'9'.repeat(400)}`, 10)).toEqual({ offset: 0, lengthBytes: 10 });
    expect(parseRange(`bytes=${'9'.repeat(400)}-`, 10)).toBe('unsatisfiable');
    expect(parseRange('bytes=-1', 0)).toBe('unsatisfiable');
  });
});

describe('the plan of a download', () => {
  it('of a whole file names its size, version and time', () => {
    expect(plan({})).toEqual({
      status: 200,
      headers: {
        ETag: '"v1"',
        'Last-Modified': 'Thu, 01 Jan 2026 12:00:00 GMT',
        'Accept-Ranges': 'bytes',
        'Content-Type': 'application/octet-stream',
        'Content-Length': '10',
        'Content-Disposition': `attachment; filename="a.txt"; filename*=UTF-8''a.txt`,
      },
      part: { offset: 0, lengthBytes: 10 },
    });
  });

  it('for HEAD has the same headers and no bytes, whatever range is asked for', () => {
    expect(plan({ range: 'bytes=0-1' }, 'HEAD')).toEqual({ ...plan({}), part: null });
  });

  it('sees to If-None-Match before the range', () => {
    expect(plan({ 'if-none-match': '"v1"', range: 'bytes=99-' })).toMatchObject({ status: 304, part: null });
  });

  it.each([
    [{}, 'Thu, 01 Jan 2026 12:00:00 GMT', 304],
    [{}, 'Fri, 02 Jan 2026 00:00:00 GMT', 304],
    [{}, 'Thu, 01 Jan 2026 11:59:59 GMT', 200],
    [{}, 'yesterday', 200],
    [{ 'if-none-match': '"x"' }, 'Thu, 01 Jan 2026 12:00:00 GMT', 200],
  ])('%j with If-Modified-Since %s is answered %i', (tags, since, status) => {
    expect(plan({ ...tags, 'if-modified-since': since }).status).toBe(status);
  });

  it.each([
    [{ 'if-match': '"v1"' }, 200],
    [{ 'if-match': '"x", "v1"' }, 200],
    [{ 'if-match': '*' }, 200],
    [{ 'if-match': '"x"' }, 412],
    [{ 'if-match': 'W/"v1"' }, 412],
    [{ 'if-match': '' }, 412],
    [{ 'if-match': '"x"', 'if-none-match': '"v1"' }, 412],
    [{ 'if-match': '"x"', range: 'bytes=0-1' }, 412],
    [{ 'if-unmodified-since': 'Thu, 01 Jan 2026 12:00:00 GMT' }, 200],
    [{ 'if-unmodified-since': 'Thu, 01 Jan 2026 11:59:59 GMT' }, 412],
    [{ 'if-unmodified-since': 'Thursday, 01-Jan-26 11:59:59 GMT' }, 412],
    [{ 'if-unmodified-since': 'yesterday' }, 200],
    [{ 'if-unmodified-since': '2026-01-01' }, 200],
    [{ 'if-unmodified-since': 'Thu, 01 Jan 2026 11:59:59 GMT', 'if-match': '"v1"' }, 200],
  ])('gives just the version that %j wants, with %i', (headers, status) => {
    for (const method of ['GET', 'HEAD']) {
      expect(plan(headers, method, { ...FILE, modifiedMs: FILE.modifiedMs + 999 }).status).toBe(status);
    }
  });

  it.each([
    [{ 'if-match': '"v1"' }, 412],
    [{ 'if-match': '*' }, 200],
    [{ 'if-none-match': '"v1"' }, 200],
  ])('of what has no version answers %j with %i', (headers, status) => {
    expect(planDownload({ method: 'GET', headers }, { ...FILE, sizeBytes: null }, NOW_MS).status).toBe(status);
  });

  it('takes an If-Range with a date for another version, as seconds do not tell two versions apart', () => {
    expect(plan({ range: 'bytes=0-1', 'if-range': 'Thu, 01 Jan 2026 12:00:00 GMT' })).toMatchObject({ status: 200 });
    expect(plan({ range: 'bytes=0-1', 'if-range': '"v1"' })).toMatchObject({ status: 206 });
  });

  it.each([
    ['in the future', NOW_MS + 1e9, 'Fri, 02 Jan 2026 00:00:00 GMT'],
    ['before 1970', -1e15, 'Thu, 01 Jan 1970 00:00:00 GMT'],
  ])('never names a time %s', (_what, modifiedMs, date) => {
    expect(plan({}, 'GET', { ...FILE, modifiedMs }).headers['Last-Modified']).toBe(date);
  });
});

describe('Content-Disposition', () => {
  it('is one line of printable ASCII that gives the name back, whatever the name', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary', minLength: 1 }), (name) => {
        const header = attachment(name);
        expect(header).toMatch(/^attachment; filename="[ !#-[\]-~]*"; filename\*=UTF-8''[!-~]*$/);
        expect(decodeURIComponent(header.slice(header.lastIndexOf("''") + 2))).toBe(name);
      }),
    );
  });

  it('survives half a surrogate pair', () => {
    expect(attachment('\ud800.txt')).toBe(`attachment; filename="_.txt"; filename*=UTF-8''%EF%BF%BD.txt`);
  });
});

describe('entity tags', () => {
  it('are read from a list, with the weak ones', () => {
    expect(parseEntityTags('"a", W/"b,c" ,"d"')).toEqual(['"a"', 'W/"b,c"', '"d"']);
    expect(parseEntityTags(' * ')).toEqual(['*']);
    expect(parseEntityTags('nonsense')).toEqual([]);
  });

  it('match weakly for If-None-Match', () => {
    expect(isListed('"x", W/"a"', '"a"')).toBe(true);
    expect(isListed('*', '"a"')).toBe(true);
    expect(isListed('"x"', '"a"')).toBe(false);
    expect(isListed(undefined, '"a"')).toBe(false);
  });
});
