import { createHash } from 'node:crypto';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

let server: RealServer;

beforeAll(async () => {
  server = await startRealServer();
  const files = 'mkdir -p src node_modules/p; echo "needle one" > src/a.js; printf "\\nNeedle\\n" > src/b.ts';
  await server.shell('f', `${files}; cp src/a.js node_modules/p/c.js; ln -s .. src/up`);
});

afterAll(() => server.close());

const get = (path: string) => server.call('GET', `/sandbox/f/fs/${path}`);
const search = (body: object) => server.call('POST', '/sandbox/f/fs/search', body);

interface Named {
  readonly path: string;
}

const paths = (entries: readonly Named[]) => entries.map(({ path }) => path.replace('/workspace/', ''));

describe('finding', () => {
  it('names by patterns', async () => {
    const { body } = await get('glob?pattern=*.js');
    expect([paths(body.entries), body.truncated]).toEqual([['node_modules/p/c.js', 'src/a.js'], false]);
    expect(paths((await get('glob?pattern=s*/*.{js,ts}')).body.entries)).toEqual(['src/a.js', 'src/b.ts']);
    expect((await get('glob?pattern=*&limit=2')).body.truncated).toBe(true);
  });

  it('lines by texts and expressions', async () => {
    const { body } = await search({
      query: 'needle',
      case_sensitive: false,
      exclude: ['node_modules'],
      context_lines: 1,
    });
    expect(body).toEqual({
      matches: [
        { path: '/workspace/src/a.js', line: 1, column: 1, text: 'needle one', before: [], after: [] },
        { path: '/workspace/src/b.ts', line: 2, column: 1, text: 'Needle', before: [''], after: [] },
      ],
      files_searched: 2,
      truncated: false,
      reason: null,
    });
    const some = await search({ query: '(?i)n[e]+dle', regex: true, limit: 1 });
    expect(some.body).toMatchObject({ matches: [{ line: 1 }], truncated: true, reason: 'limit' });
  });

  it('says that a query is no expression, by the name of the field', async () => {
    const { status, body } = await search({ query: '(', regex: true });
    expect(status).toBe(422);
    expect(body).toMatchObject({ detail: [{ loc: ['body', 'query'], type: 'bad_pattern' }] });
    expect(body.error).toMatch(/^query is not valid: .* as a regular expression\.$/);
  });

  it('ends after its time with what it has found, while others are answered', async () => {
    await server.shell('f', "mkdir slow; echo aab > slow/1; python3 -c \"print('a' * 64 + '!b')\" > slow/2");
    const slow = search({ query: '^(a+)+b', regex: true, path: 'slow' });
    expect((await get('stat?path=slow')).status).toBe(200);
    expect((await slow).body).toMatchObject({ matches: [{ text: 'aab' }], truncated: true, reason: 'time' });
  });

  it('makes no sandbox', async () => {
    for (const [method, path, body] of [
      ['GET', 'glob?pattern=a', undefined],
      ['GET', 'hash?path=a', undefined],
      ['POST', 'search', { query: 'a' }],
    ] as const) {
      expect((await server.call(method, `/sandbox/nobody/fs/${path}`, body)).status).toBe(404);
    }
  });
});

describe('a digest', () => {
  it('is that of the bytes', async () => {
    const digest = createHash('sha512').update('needle one\n').digest('hex');
    expect((await get('hash?path=src/a.js&algorithm=sha512')).body).toEqual({ algorithm: 'sha512', digest, size: 11 });
    expect((await get('hash?path=src')).status).toBe(422);
  });
});
