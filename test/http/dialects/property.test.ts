import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { InjectOptions, LightMyRequestResponse } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withDeadline } from '../../../src/async/deadline.ts';
import { API_KEY, type FakeApp, startFakeApp } from '../../support/fake-app.ts';

const DEADLINE_MS = 20_000;

/** For all of them together, on a machine that does much else. */
const PROPERTY_MS = 240_000;

type Schema = Readonly<Record<string, unknown>>;

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
}

interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: Schema }>> }>>;
}

interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

let fake: FakeApp;
let routes: Route[];
let ajv: Ajv2020;

beforeAll(async () => {
  fake = await startFakeApp({ SANDBOX_MAX_CONTAINERS: '1000', SANDBOX_RATE_LIMIT: '0' });
  const document = (await fake.call('GET', '/docs/json')).json();
  const paths: Record<string, Record<string, Operation>> = document.paths;
  routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'api', components: document.components });
});

afterAll(() => fake.close());

const name = fc
  .oneof(
    fc.constantFrom(
      'u',
      'discord-1',
      'ü',
      '😀'.repeat(64),
      '%',
      '-',
      'x'.repeat(300),
      'a/b',
      'a\0b',
      '__proto__',
      'constructor',
    ),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
  )
  // Clients resolve these two away: they are no ids, but other paths.
  .filter((id) => id !== '.' && id !== '..');

const path = fc.oneof(
  fc.constantFrom('/workspace', '/workspace/a.txt', 'a', '', '/', '../../etc/passwd', 'a\0b', '-rf', 'x'.repeat(5000)),
  fc.string({ maxLength: 40 }),
);

const junk = fc.oneof(
  fc.jsonValue({ maxDepth: 4 }),
  fc.constantFrom(null, '', 0, -1, 1e308, true, [], {}, 'x'.repeat(10_000), '\ud800', '=QQ='),
);

/** A body with the fields that the schema names, each with a value that may fit, and others. */
function bodyFor(schema: Schema | undefined): fc.Arbitrary<unknown> {
  const fields = Object.keys(schema ? propertiesOf(schema) : {});
  const fitting: Record<string, fc.Arbitrary<unknown>> = {
    code: fc.constantFrom('print(1)', '', 'x = '),
    command: fc.constantFrom('ls', ''),
    package: fc.constantFrom('rich', 'a b', '-r x', ''),
    path,
    content: fc.constantFrom('text', 'QQ==', ''),
    encoding: fc.constantFrom('utf-8', 'base64'),
    destination: path,
    timeout: fc.constantFrom(1, 5, 300, 301),
    memory_limit: fc.constantFrom('128m', '9g', 'x'),
    cpu_limit: fc.constantFrom(0.5, 4, 5),
    image: fc.constantFrom('clara-sandbox:latest', 'absent:latest'),
  };
  const model = Object.fromEntries(
    fields.map((field) => [
      field,
      fc.oneof({ weight: 4, arbitrary: fitting[field] ?? junk }, { weight: 1, arbitrary: junk }),
    ]),
  );
  return fc.oneof(
    { weight: 6, arbitrary: fc.record(model, { requiredKeys: [] }) },
    { weight: 2, arbitrary: fc.record({ ...model, __proto__: junk, extra: junk }, { requiredKeys: [] }) },
    { weight: 1, arbitrary: junk },
  );
}

function propertiesOf(schema: Schema): Schema {
  if (typeof schema.properties === 'object' && schema.properties !== null) return schema.properties as Schema;
  const parts = Array.isArray(schema.anyOf) ? (schema.anyOf as Schema[]) : [];
  return Object.assign({}, ...parts.map(propertiesOf));
}

const headerNoise = fc.dictionary(
  fc.constantFrom(
    'accept',
    'range',
    'if-match',
    'if-none-match',
    'if-range',
    'origin',
    'cookie',
    'x-forwarded-for',
    'expect',
    'x-http-method-override',
  ),
  fc.oneof(
    fc.constantFrom(
      '*/*',
      'bytes=0-0',
      'bytes=5-2',
      'bytes=-1',
      '*',
      '"x"',
      'W/"x"',
      'https://evil.example.org',
      '100-continue',
    ),
    fc.stringMatching(/^[ -~]{0,60}$/),
  ),
  { maxKeys: 4 },
);

const key = fc.oneof(
  { weight: 8, arbitrary: fc.constant<Record<string, string>>({ 'x-api-key': API_KEY }) },
  {
    weight: 1,
    arbitrary: fc.constantFrom<Record<string, string>[]>(
      {},
      { 'x-api-key': 'no' },
      { authorization: 'Basic !!!' },
      { authorization: 'Bearer' },
    ),
  },
);

function requestFor(route: Route): fc.Arbitrary<InjectOptions> {
  const [type, content] = Object.entries(route.operation.requestBody?.content ?? {})[0] ?? [];
  const query = (route.operation.parameters ?? []).filter((parameter) => parameter.in === 'query');
  const queryModel = Object.fromEntries(
    query.map((parameter) => [parameter.name, parameter.name === 'path' ? path : name]),
  );
  const method = fc.oneof(
    { weight: 10, arbitrary: fc.constant(route.method) },
    { weight: 1, arbitrary: fc.constantFrom('GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'OPTIONS', 'PATCH') },
  );
  const contentType = fc.oneof(
    { weight: 6, arbitrary: fc.constant(type ?? 'application/json') },
    {
      weight: 1,
      arbitrary: fc.constantFrom(
        'text/plain',
        'application/json; charset=utf-16',
        'multipart/form-data',
        'x',
        '/',
        undefined,
      ),
    },
  );
  const payload = fc.oneof(
    { weight: 8, arbitrary: bodyFor(content?.schema).map((body) => JSON.stringify(body) ?? '') },
    { weight: 1, arbitrary: fc.string({ maxLength: 200 }) },
    {
      weight: 1,
      arbitrary: fc.constantFrom(undefined, '', '{', '[[[[', '{"code": "\\ud800"}', `{"a":${'['.repeat(5000)}`),
    },
  );
  return fc
    .record({
      method,
      user: name,
      query: fc.record(queryModel, { requiredKeys: [] }),
      contentType,
      payload,
      key,
      noise: headerNoise,
    })
    .map(({ method, user, query, contentType, payload, key, noise }) => ({
      method: method as 'GET',
      url: toUrl(route.path, user, query),
      headers: { ...noise, ...key, ...(contentType === undefined ? {} : { 'content-type': contentType }) },
      ...(payload === undefined ? {} : { payload }),
    }));
}

/** The text without halves of characters, which no URL can hold. */
function wellFormed(text: string): string {
  return Buffer.from(text).toString();
}

function toUrl(path: string, user: string, query: Readonly<Record<string, string | undefined>>): string {
  const search = Object.entries(query)
    .map(([field, value]) => `${field}=${encodeURIComponent(wellFormed(value ?? ''))}`)
    .join('&');
  const id = encodeURIComponent(wellFormed(user));
  return `${path.replace('{user_id}', id)}${search === '' ? '' : `?${search}`}`;
}

/** What only the server's machine knows. */
function leaks(response: LightMyRequestResponse): string[] {
  const text = `${JSON.stringify(response.headers)}\n${response.body}`;
  const secrets = [
    API_KEY,
    fake.dataDir,
    process.cwd(),
    'node_modules',
    'node:internal',
    '.ts:',
    'FST_ERR',
    'ZodError',
  ];
  return secrets.filter((secret) => text.includes(secret));
}

function documented(route: Route, response: LightMyRequestResponse): string | null {
  // An empty id is no part of a path.
  if (response.statusCode === 404 && response.body === '{"detail":"Not Found","error":"Not Found"}') return null;
  const { operation } = route;
  const answer = operation.responses[String(response.statusCode)];
  if (!answer) return `${response.statusCode} is not documented`;
  const type = String(response.headers['content-type'] ?? '').split(';')[0] ?? '';
  const schema = answer.content?.[type]?.schema;
  if (!answer.content || response.body === '') return null;
  if (!schema) return `${response.statusCode} as ${type} is not documented`;
  if (type !== 'application/json') return null;
  const validate = validatorOf(schema);
  return validate(JSON.parse(response.body)) ? null : `${response.statusCode}: ${ajv.errorsText(validate.errors)}`;
}

const validators = new Map<object, ValidateFunction>();

/** Compiled once for each schema, which costs a hundred times its use. */
function validatorOf(schema: object): ValidateFunction {
  const known = validators.get(schema);
  if (known) return known;
  const resolved: unknown = JSON.parse(JSON.stringify(schema).replaceAll('"#/components/', '"api#/components/'));
  const validate = ajv.compile(resolved as Schema);
  validators.set(schema, validate);
  return validate;
}

describe('every documented route', () => {
  it(
    'answers whatever is sent to it in time, as documented, with nothing of the server in it, and never with 500',
    async () => {
      expect(routes.length).toBeGreaterThan(15);
      const request = fc
        .constantFrom(...routes)
        .chain((route) => requestFor(route).map((options) => ({ route, options })));
      const statuses = new Set<number>();
      await fc.assert(
        fc.asyncProperty(request, async ({ route, options }) => {
          const response = await withDeadline(fake.inject(options), DEADLINE_MS, 'The server does not answer.');
          statuses.add(response.statusCode);
          expect(response.statusCode).not.toBe(500);
          expect(leaks(response)).toEqual([]);
          if (options.method === route.method)
            expect(documented(route, response), response.body.slice(0, 300)).toBeNull();
        }),
        { numRuns: 1000 },
      );
      for (const status of [200, 401, 404, 415, 422]) expect(statuses).toContain(status);
    },
    PROPERTY_MS,
  );
});
