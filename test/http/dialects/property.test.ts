import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import fc from 'fast-check';
import type { LightMyRequestResponse } from 'fastify';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { withDeadline } from '../../../src/async/deadline.ts';
import { API_KEY, type FakeApp, startFakeApp, WITH_DOCUMENTS } from '../../support/fake-app.ts';
import { type Operation, type Route, requestFor, type Schema } from '../../support/wild-requests.ts';

const DEADLINE_MS = 20_000;

/** For all of them together, on a machine that does much else. */
const PROPERTY_MS = 240_000;

let fake: FakeApp;
let routes: Route[];
let ajv: Ajv2020;

beforeAll(async () => {
  fake = await startFakeApp({ SANDBOX_MAX_CONTAINERS: '1000', SANDBOX_RATE_LIMIT: '0' }, undefined, WITH_DOCUMENTS);
  const document = (await fake.call('GET', '/docs/json')).json();
  const paths: Record<string, Record<string, Operation>> = document.paths;
  routes = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]) => ({ method: method.toUpperCase(), path, operation })),
  );
  ajv = new Ajv2020({ strict: false, validateFormats: false });
  ajv.addSchema({ $id: 'api', components: document.components });
});

afterAll(() => fake.close());

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
