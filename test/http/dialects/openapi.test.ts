import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readVersion } from '../../../src/base/version.ts';
import { type FakeApp, startFakeApp, WITH_DOCUMENTS } from '../../support/fake-app.ts';

interface Operation {
  readonly operationId?: string;
  readonly summary?: string;
  readonly tags?: readonly string[];
  readonly security?: readonly unknown[];
  readonly parameters?: readonly { readonly name: string; readonly in: string; readonly required?: boolean }[];
  readonly requestBody?: {
    readonly required?: boolean;
    readonly content: Record<string, { readonly schema: Record<string, unknown> }>;
  };
  readonly responses: Record<string, unknown>;
}

interface Document {
  readonly info: Readonly<Record<string, unknown>>;
  readonly servers: readonly unknown[];
  readonly paths: Record<string, Record<string, Operation>>;
  readonly security: readonly unknown[];
  readonly components: Record<string, Record<string, unknown>>;
}

let fake: FakeApp;
let document: Document;
let operations: [string, Operation][];

beforeAll(async () => {
  const version = readVersion(new URL('../../../', import.meta.url));
  fake = await startFakeApp({}, undefined, { ...WITH_DOCUMENTS, version });
  document = (await fake.call('GET', '/docs/json')).json();
  operations = Object.entries(document.paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, operation]): [string, Operation] => [`${method} ${path}`, operation]),
  );
});

afterAll(() => fake.close());

const contentOf = (response: unknown): Readonly<Record<string, unknown>> =>
  typeof response === 'object' && response !== null && 'content' in response
    ? (response.content as object as Record<string, unknown>)
    : {};

describe('the OpenAPI document', () => {
  it('is the one in docs/openapi.json (npm run openapi writes it anew)', async () => {
    await expect(`${JSON.stringify(document, null, 2)}\n`).toMatchFileSnapshot('../../../docs/openapi.json');
  });

  it('names every operation, once, with a summary and a tag', () => {
    for (const [route, { operationId, summary, tags }] of operations) {
      expect(operationId, route).toMatch(/^[a-z][A-Za-z]+$/);
      expect(summary, route).toBeTruthy();
      expect(tags?.length, route).toBe(1);
    }
    const ids = operations.map(([, { operationId }]) => operationId);
    expect(new Set(ids).size).toBe(ids.length);
  });

  it('shows for every operation what a request that is hardly HTTP is answered', () => {
    for (const [route, { responses }] of operations) {
      expect(Object.keys(responses), route).toEqual(expect.arrayContaining(['400', '408', '417', '431', '500']));
    }
  });

  it('asks for a body wherever one must come, and only there', () => {
    for (const [route, { requestBody }] of operations) {
      const mayBeAbsent =
        /\/(create|wait|stdin|pause|resume|contexts|checkpoints|interrupt|sign\/revoke|\{id\}\/(restart|restore))$|^post .*\/ports\/\{port\}$|^put .*\/(raw|archive)$/.test(
          route,
        );
      if (requestBody) expect(requestBody.required ?? false, route).toBe(!mayBeAbsent);
    }
    const { content } = document.paths['/sandbox/{user_id}/create']?.post?.requestBody ?? {};
    expect(content?.['application/json']?.schema).toMatchObject({ type: 'object' });
  });

  it('has an example for every parameter that must come, and none for a header, which the page would send as it stands', () => {
    for (const [route, { parameters = [] }] of operations) {
      for (const parameter of parameters) {
        const text = JSON.stringify(parameter);
        if (parameter.in === 'header') expect(text, route).not.toMatch(/"(examples?|default|const|enum)":/);
        else if (parameter.required) expect(text, route).toMatch(/"examples?":/);
      }
    }
  });

  it('has patterns that allow what they should without a flag, as a browser compiles them', () => {
    const userIds = operations.flatMap(([, { parameters = [] }]) =>
      parameters.filter(({ name }) => name === 'user_id'),
    );
    expect(userIds.length).toBeGreaterThan(10);
    for (const parameter of userIds) {
      const pattern = /"pattern":("(?:[^"\\]|\\.)*")/.exec(JSON.stringify(parameter))?.[1] ?? '""';
      for (const id of ['discord-1', 'a b', 'teams-29:1Gc', 'Jürgen', '売上', '😀'])
        expect(id).toMatch(new RegExp(JSON.parse(pattern)));
      expect('a\u0007b').not.toMatch(new RegExp(JSON.parse(pattern)));
    }
  });

  it('says which version it is of, under which license and where it is served, and has no schema that nothing uses', () => {
    expect(document.info).toMatchObject({
      version: expect.stringMatching(/^\d+\.\d+\.\d+/),
      license: { identifier: 'MIT' },
    });
    expect(document.servers).toEqual([{ url: '/', description: 'This server' }]);
    const text = JSON.stringify(document);
    for (const name of Object.keys(document.components.schemas ?? {})) {
      expect(text).toContain(`"#/components/schemas/${name}"`);
      expect(name).not.toMatch(/Input$/);
    }
  });

  it('speaks of programs only where one runs', () => {
    for (const [route, { responses }] of operations) {
      const isRun = JSON.stringify(responses['200'] ?? null).includes('ExecutionResponse');
      if (!isRun) expect(JSON.stringify(responses['200'] ?? null), route).not.toMatch(/program/i);
    }
  });

  it('shows for every operation how it fails, and asks for the key everywhere but at /health', () => {
    for (const [route, operation] of operations) {
      if (route === 'get /health') expect(operation.security).toEqual([]);
      else expect(Object.keys(operation.responses), route).toContain('401');
    }
    expect(document.security).toContainEqual({ apiKey: [] });
    expect(Object.keys(document.components.securitySchemes ?? {})).toContain('apiKey');
  });

  it('has an example for every body and every answer', () => {
    for (const [route, { requestBody, responses }] of operations) {
      for (const body of Object.values(requestBody?.content ?? {})) {
        expect(JSON.stringify(body), route).toMatch(/"examples?":/);
      }
      for (const [status, response] of Object.entries(responses)) {
        const text = JSON.stringify(response);
        const name = /"#\/components\/schemas\/(\w+)"/.exec(text)?.[1];
        const shown = name ? JSON.stringify(document.components.schemas?.[name]) : text;
        if (text.includes('application/json')) expect(shown, `${route} ${status}`).toMatch(/"examples?":/);
      }
    }
  });

  it('shows what a terminal answers to who opens no WebSocket', () => {
    const { responses } = document.paths['/sandbox/{user_id}/processes/{id}/attach']?.get ?? {};
    expect(Object.keys(responses ?? {})).toEqual(expect.arrayContaining(['101', '409', '426']));
  });

  it('describes the events of every stream, with one as it may come', () => {
    const streams = operations.flatMap(([route, { responses }]) =>
      Object.entries(contentOf(responses['200'])).flatMap(([type, media]) =>
        /^text\/event-stream$|ndjson/.test(type) ? [{ route, type, media }] : [],
      ),
    );
    expect(new Set(streams.map(({ route }) => route)).size).toBe(7);
    for (const { route, type, media } of streams) {
      expect(media, `${route} ${type}`).toMatchObject({
        schema: {
          type: 'string',
          contentSchema: { $ref: expect.stringMatching(/^#\/components\/schemas\/\w+Event$/) },
        },
        example: expect.stringMatching(type.startsWith('text') ? /^(id: \d+\n)?event: \w+\ndata: \{/ : /^\{.*\}\n/),
      });
    }
    const events = JSON.stringify(document.components.schemas?.RunEvent);
    for (const name of ['start', 'stdout', 'stderr', 'result', 'clear_output', 'error', 'input_request', 'gap', 'exit'])
      expect(events).toContain(`"${name}"`);
  });

  it('points nowhere that is not in it, and says what each answer means', () => {
    const text = JSON.stringify(document);
    for (const [, name] of text.matchAll(/"#\/components\/schemas\/(\w+)"/g)) {
      expect(Object.keys(document.components.schemas ?? {})).toContain(name);
    }
    expect(text).not.toContain('Default Response');
  });

  it('is shown to a person at /docs', async () => {
    const response = await fake.inject({ method: 'GET', url: '/docs' });
    expect(response.statusCode).toBe(200);
    expect(response.body).toContain('swagger-ui');
  });
});
