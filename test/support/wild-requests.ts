import fc from 'fast-check';
import type { InjectOptions } from 'fastify';
import { API_KEY } from './fake-app.ts';

/** A schema of JSON Schema. */
export type Schema = Readonly<Record<string, unknown>>;

interface Parameter {
  readonly name: string;
  readonly in: 'path' | 'query' | 'header';
}

/** What a document says of one. */
export interface Operation {
  readonly parameters?: readonly Parameter[];
  readonly requestBody?: { readonly content: Readonly<Record<string, { readonly schema: Schema }>> };
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, { schema: Schema }>> }>>;
}

/** An operation where it is served. */
export interface Route {
  readonly method: string;
  readonly path: string;
  readonly operation: Operation;
}

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

/** Requests of all kinds to a route: most as it wants them, others that nobody should send. */
export function requestFor(route: Route): fc.Arbitrary<InjectOptions> {
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
