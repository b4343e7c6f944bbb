import type { InjectOptions } from 'fastify';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { createLogger } from '../../../src/base/log.ts';
import { API_KEY, type FakeApp, startFakeApp, WITH_DOCUMENTS } from '../../support/fake-app.ts';

/** The routes that existing clients use, which may send more than the routes know. */
const PUBLISHED: [method: string, url: string, body: object | undefined][] = [
  ['GET', '/health', undefined],
  ['GET', '/info', undefined],
  ['POST', '/sandbox/{user_id}/create', { memory_limit: '512m' }],
  ['POST', '/sandbox/{user_id}/execute', { code: 'print(1)' }],
  ['POST', '/sandbox/{user_id}/shell', { command: 'ls' }],
  ['POST', '/sandbox/{user_id}/pip/install', { package: 'rich' }],
  ['GET', '/sandbox/{user_id}/pip/list', undefined],
  ['GET', '/sandbox/{user_id}/files', undefined],
  ['POST', '/sandbox/{user_id}/file', { path: 'a.txt', content: 'text' }],
  ['GET', '/sandbox/{user_id}/file', undefined],
  ['DELETE', '/sandbox/{user_id}/file', undefined],
  ['POST', '/sandbox/{user_id}/unzip', { path: 'a.zip' }],
  ['GET', '/sandbox/{user_id}/status', undefined],
  ['POST', '/sandbox/{user_id}/stop', undefined],
  ['POST', '/sandbox/{user_id}/restart', undefined],
  ['DELETE', '/sandbox/{user_id}/destroy', undefined],
  ['DELETE', '/sandbox/{user_id}', undefined],
];

interface Operation {
  readonly requestBody?: { readonly content: Readonly<Record<string, unknown>> };
}

interface Line {
  readonly msg: string;
  readonly route?: string;
  readonly fields?: readonly string[];
}

let quiet: FakeApp;
let verbose: FakeApp;
let lines: Line[] = [];

beforeAll(async () => {
  quiet = await startFakeApp({}, undefined, WITH_DOCUMENTS);
  const write = (line: string) => lines.push(JSON.parse(line));
  verbose = await startFakeApp({}, undefined, { logger: createLogger('debug', { write }) });
});

beforeEach(() => {
  lines = [];
});

afterAll(async () => {
  await quiet.close();
  await verbose.close();
});

/** Asks a route with these fields besides what it knows, in the query and in the body. */
function ask(
  fake: FakeApp,
  method: string,
  url: string,
  body: object | undefined,
  unknown: Readonly<Record<string, string>>,
) {
  const search = new URLSearchParams({ path: 'a.txt', ...unknown });
  const options: InjectOptions = {
    method: method as 'GET',
    url: `${url.replace('{user_id}', 'u')}?${search}`,
    headers: { 'x-api-key': API_KEY },
  };
  return fake.inject(body === undefined ? options : { ...options, payload: { ...body, ...unknown } });
}

const ignored = () => lines.filter(({ msg }) => msg === 'ignored fields that the route does not know');

describe('a published route', () => {
  const unknown = { runtime_version: '3', disk_limit: '1g' };

  it.each(PUBLISHED)('%s %s takes what it does not know as if it were not there', async (method, url, body) => {
    const plain = await ask(quiet, method, url, body, {});
    const more = await ask(quiet, method, url, body, unknown);
    expect(more.statusCode).toBe(plain.statusCode);
    expect(more.statusCode).not.toBe(422);
  });

  it.each(PUBLISHED.filter(([, , body]) => body))(
    '%s %s names it in the log at debug level',
    async (method, url, body) => {
      await ask(verbose, method, url, body, {});
      expect(ignored()).toEqual([]);
      await ask(verbose, method, url, body, unknown);
      expect(ignored()).toMatchObject([
        {
          route: `${method} ${url.replace('{user_id}', ':user_id')}`,
          fields: ['body.runtime_version', 'body.disk_limit'],
        },
      ]);
    },
  );

  it('names what it ignores of a query too, shortened, and no values', async () => {
    await ask(verbose, 'GET', '/sandbox/{user_id}/files', undefined, { ['x'.repeat(200)]: 'a-value', depth: '2' });
    expect(ignored()).toMatchObject([{ fields: [`query.${'x'.repeat(64)}…`, 'query.depth'] }]);
    expect(JSON.stringify(ignored())).not.toContain('a-value');
  });

  it('names no more than twenty', async () => {
    const many = Object.fromEntries(Array.from({ length: 500 }, (_, index) => [`f${index}`, '1']));
    await ask(verbose, 'POST', '/sandbox/{user_id}/execute', { code: 'print(1)' }, many);
    expect(ignored()).toHaveLength(1);
    expect(ignored()[0]?.fields).toHaveLength(20);
  });
});

describe('any other route', () => {
  it('refuses what it does not know with 422 and its name', async () => {
    const document: { paths: Record<string, Record<string, Operation>> } = (
      await quiet.call('GET', '/docs/json')
    ).json();
    const published = new Set(PUBLISHED.map(([method, url]) => `${method} ${url}`));
    const others = Object.entries(document.paths).flatMap(([url, operations]) =>
      Object.entries(operations)
        .map(([method, operation]) => ({ method: method.toUpperCase(), url, operation }))
        .filter(({ method }) => !published.has(`${method} ${url}`)),
    );
    expect(others.length).toBeGreaterThan(3);
    for (const { method, url, operation } of others) {
      const takesJson = operation.requestBody?.content['application/json'] !== undefined;
      const path = url.replace('{id}', '1').replace('{port}', '80').replace('{name}', 'KEY');
      const answer = await ask(quiet, method, path, takesJson ? {} : undefined, {
        disk_limit: '1g',
      });
      const part = takesJson ? 'body' : 'query';
      expect(answer.statusCode, `${method} ${url}`).toBe(422);
      expect(answer.json().error, `${method} ${url}`).toMatch(/disk_limit is unknown to this route/);
      expect(answer.json().detail, `${method} ${url}`).toContainEqual({
        loc: [part, 'disk_limit'],
        msg: 'is unknown to this route',
        type: 'unrecognized_keys',
      });
    }
  });

  it('names each of several, shortened, beside what else is wrong', async () => {
    const url = `/sandbox/u/archive?format=rar&a=1&${'x'.repeat(200)}=2`;
    const answer = await quiet.call('GET', url);
    expect(answer.json().detail.map(({ loc }: { loc: string[] }) => loc[1])).toEqual([
      'path',
      'format',
      'a',
      `${'x'.repeat(64)}…`,
    ]);
  });

  it('does so for HEAD', async () => {
    expect((await ask(quiet, 'HEAD', '/sandbox/{user_id}/raw', undefined, { x: '1' })).statusCode).toBe(422);
  });
});
