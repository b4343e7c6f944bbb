import { readdirSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { readDocument } from '../../support/documents.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

const FOLDER = new URL('../../../docs/openapi/', import.meta.url);
const NAMES = ['openapi.json', ...readdirSync(FOLDER).map((name) => `openapi/${name}`)];

type Schema = Readonly<Record<string, unknown>>;

const record = z.record(z.string(), z.unknown());
const fieldsOf = (value: unknown): Schema => record.safeParse(value).data ?? {};
const listOf = (value: unknown): readonly Schema[] => z.array(record).safeParse(value).data ?? [];

/** The optional fields of a schema, at any depth, that take no null. */
function strictFields(document: Schema, schema: Schema, at = ''): string[] {
  const target = typeof schema.$ref === 'string' ? schema.$ref.split('/').at(-1) : undefined;
  const known = fieldsOf(fieldsOf(document.components).schemas);
  const { properties, required, items, anyOf, oneOf, allOf } = target ? fieldsOf(known[target]) : schema;
  const inside = Object.entries(fieldsOf(properties)).flatMap(([name, field]) => {
    const isOptional = !z
      .array(z.string())
      .parse(required ?? [])
      .includes(name);
    const path = `${at}.${name}`;
    return [
      ...(isOptional && !takesNull(fieldsOf(field)) ? [path] : []),
      ...strictFields(document, fieldsOf(field), path),
    ];
  });
  const parts = [...listOf(anyOf), ...listOf(oneOf), ...listOf(allOf), ...listOf(items === undefined ? [] : [items])];
  return [...inside, ...parts.flatMap((part) => strictFields(document, part, at))];
}

function takesNull({ type, anyOf, enum: values }: Schema): boolean {
  if (type === undefined && anyOf === undefined && values === undefined) return true;
  return [type].flat().includes('null') || listOf(anyOf).some((part) => part.type === 'null');
}

const bodies = NAMES.flatMap((name) => {
  const document = fieldsOf(JSON.parse(readDocument(`docs/${name}`)));
  return Object.entries(fieldsOf(document.paths)).flatMap(([path, methods]) =>
    Object.entries(fieldsOf(methods)).map(([method, operation]) => {
      const { content } = fieldsOf(fieldsOf(operation).requestBody);
      const { schema } = fieldsOf(fieldsOf(content)['application/json']);
      return { operation: `${name} ${method} ${path}`, strict: strictFields(document, fieldsOf(schema)) };
    }),
  );
});

let fake: FakeApp;

beforeAll(async () => {
  fake = await startNativeApp();
});

afterAll(() => fake.close());

describe('null for an optional field of a body', () => {
  it('is taken by every operation of every dialect', () => {
    expect(bodies.length).toBeGreaterThan(100);
    expect(bodies.filter(({ strict }) => strict.length > 0)).toEqual([]);
  });

  it.each([
    ['execute', { code: '1', timeout: null, keep_running: null, track_files: null, stream: null }],
    ['shell', { command: 'true', timeout: null, keep_running: null }],
    ['pip/install', { package: 'requests', timeout: null }],
    ['file', { path: 'a.txt', content: 'a', encoding: null }],
  ])('stands for its default: %s', async (route, body) => {
    const response = await fake.call('POST', `/sandbox/u/${route}`, body);
    expect([response.statusCode, response.json()]).toMatchObject([200, { success: true }]);
  });
});
