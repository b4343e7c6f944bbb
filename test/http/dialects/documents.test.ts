import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readVersion } from '../../../src/base/version.ts';
import { type FakeApp, startFakeApp, WITH_DOCUMENTS } from '../../support/fake-app.ts';

interface Document {
  readonly openapi: string;
  readonly info: { readonly title: string };
  readonly paths: Record<string, Record<string, { readonly operationId?: string; readonly responses: object }>>;
  readonly components: { readonly schemas?: object };
}

/** The APIs that have a document of their own, and what their paths begin with. */
const OTHERS = [
  ['k2', 'K2 Sandbox API', /^\/sandboxes/],
  ['manager', 'Docker Sandbox Manager', /^\/api\/v1\//],
  ['cloud', 'Cloud Sandbox API', /^\/api\/v1\//],
  ['e2b', 'E2B API', /^\/e2b\//],
] as const;

let fake: FakeApp;

beforeAll(async () => {
  fake = await startFakeApp({}, undefined, {
    ...WITH_DOCUMENTS,
    version: readVersion(new URL('../../../', import.meta.url)),
  });
});

afterAll(() => fake.close());

const read = async (name: string): Promise<Document> => (await fake.inject({ url: `/docs/${name}` })).json();

const routesOf = ({ paths }: Document) =>
  Object.entries(paths).flatMap(([path, methods]) => Object.keys(methods).map((method) => `${method} ${path}`));

describe.each(OTHERS)('the OpenAPI document of %s', (name, title, begin) => {
  it('is whole: its own routes alone, each named once, and no schema that is not there or not used', async () => {
    const document = await read(`${name}.json`);
    expect(document.info.title).toBe(title);
    expect(Object.keys(document.paths).filter((path) => !begin.test(path))).toEqual([]);
    const ids = Object.values(document.paths).flatMap((methods) =>
      Object.values(methods).map(({ operationId }) => operationId),
    );
    expect(ids).not.toContain(undefined);
    expect(new Set(ids).size).toBe(ids.length);
    const text = JSON.stringify(document);
    const used = new Set([...text.matchAll(/"#\/components\/schemas\/(\w+)"/g)].map(([, used]) => used));
    expect([...used].sort()).toEqual(Object.keys(document.components.schemas ?? {}).sort());
    expect(text.includes('Default Response'), 'an answer without a description').toBe(false);
  });

  it('is the one in docs/openapi (npm run openapi writes it anew)', async () => {
    const document = JSON.stringify(await read(`${name}.json`), null, 2);
    await expect(`${document}\n`).toMatchFileSnapshot(`../../../docs/openapi/${name}.json`);
  });

  it('shares no route with the native one, and is listed on the page of the documents', async () => {
    const native = new Set(routesOf(await read('json')));
    expect(routesOf(await read(`${name}.json`)).filter((route) => native.has(route))).toEqual([]);
    const page = (await fake.inject({ url: '/docs/static/swagger-initializer.js' })).body;
    expect(page).toContain(`/docs/${name}.json`);
  });
});

it('the documents of all APIs are those that are listed', async () => {
  const page = (await fake.inject({ url: '/docs/static/swagger-initializer.js' })).body;
  const listed = [...page.matchAll(/\/docs\/([a-z0-9]+)\.json/g)].map(([, name]) => name);
  expect([...new Set(listed)].sort()).toEqual(OTHERS.map(([name]) => name).sort());
});
