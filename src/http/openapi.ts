import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform, jsonSchemaTransformObject } from 'fastify-type-provider-zod';
import { DOCS_POLICY } from './browsers/security-headers.ts';
import { documentKey } from './idempotency/idempotency-key.ts';
import { type StreamDocument, toStreamContent } from './streams/documents.ts';

/** What each status means, for the reader of the document. */
const MEANING: Readonly<Record<string, string>> = {
  200: 'Done.',
  201: 'Created.',
  206: 'The part that was asked for.',
  304: 'Not changed.',
  400: 'What came is not valid HTTP, or its body is not UTF-8.',
  401: 'The key is missing or wrong.',
  403: 'The key is for other users.',
  404: 'There is no such sandbox or file.',
  408: 'The request did not arrive in time.',
  409: 'It cannot be done in the present state; the sentence says why.',
  412: 'The file is not the one that the request is about.',
  413: 'Too large; the sentence says what to do instead.',
  415: 'The body is not JSON in UTF-8, or it is compressed.',
  416: 'The file has no such range.',
  417: 'The Expect header is not 100-continue.',
  422: 'The request is not valid; the sentence says what is wrong.',
  426: 'It is for a WebSocket, with the subprotocol that the sentence names.',
  429: 'Too many requests, and Retry-After says when to come back; or as many sandboxes as the key may have.',
  431: 'The URL and the headers are too large together.',
  500: 'The server failed at it; its log says more.',
  502: 'What was asked is not reached behind this server; the sentence says what.',
  503: 'Not now: the engine is down, or everything is busy. Retry-After says when to come back.',
  507: 'The disk of the sandbox is full.',
};

/** A section of the document. */
export interface ApiTag {
  readonly name: string;
  readonly description: string;
}

type Transformed = ReturnType<typeof jsonSchemaTransform>;

function describeResponses(transformed: Transformed): Transformed {
  const { schema } = transformed;
  const responses: Record<string, unknown> = isRecord(schema?.response) ? schema.response : {};
  for (const [status, response] of Object.entries(responses)) {
    if (isRecord(response)) response.description ??= MEANING[status];
  }
  return transformed;
}

/** A body that may be null may be absent, which a schema cannot say; so may one of bytes, which is then empty. */
function allowAbsentBodies(paths: Readonly<Record<string, unknown>>): void {
  for (const path of Object.values(paths).filter(isRecord)) {
    for (const operation of Object.values(path).filter(isRecord)) {
      const body = operation.requestBody;
      if (!isRecord(body) || !isRecord(body.content)) continue;
      for (const media of Object.values(body.content).filter(isRecord)) {
        if (isRecord(media.schema) && media.schema.format === 'binary') body.required = false;
        const present = withoutNull(media.schema);
        if (present === null) continue;
        media.schema = present;
        body.required = false;
      }
    }
  }
}

/** Gives each error answer an example of its own, where its schema has only one for all of them. */
function exemplifyErrors(paths: Readonly<Record<string, unknown>>, sentences: Readonly<Record<number, string>>): void {
  for (const path of Object.values(paths).filter(isRecord)) {
    for (const operation of Object.values(path).filter(isRecord)) {
      for (const [status, response] of Object.entries(isRecord(operation.responses) ? operation.responses : {})) {
        const error = sentences[Number(status)];
        const media =
          isRecord(response) && isRecord(response.content) ? response.content['application/json'] : undefined;
        const isPlain = isRecord(media) && isRecord(media.schema) && media.schema.$ref === '#/components/schemas/Error';
        if (error !== undefined && isPlain) media.example = { error };
      }
    }
  }
}

/** Shows the streams of operations that answer as events, always or where they are asked to. */
function documentStreams(
  paths: Readonly<Record<string, unknown>>,
  streams: Readonly<Record<string, StreamDocument>>,
): void {
  for (const path of Object.values(paths).filter(isRecord)) {
    for (const operation of Object.values(path).filter(isRecord)) {
      const stream = streams[String(operation.operationId)];
      const answer = isRecord(operation.responses) ? operation.responses[200] : undefined;
      if (stream && isRecord(answer) && isRecord(answer.content))
        Object.assign(answer.content, toStreamContent(stream));
    }
  }
}

/** Takes out the schemas that nothing points to. */
function dropUnused(schemas: Record<string, unknown>, paths: unknown): void {
  const used = new Set<string>();
  const collect = (value: unknown): void => {
    for (const [, name = ''] of JSON.stringify(value).matchAll(/"#\/components\/schemas\/([^"]+)"/g)) {
      if (used.has(name)) continue;
      used.add(name);
      collect(schemas[name] ?? null);
    }
  };
  collect(paths);
  for (const name of Object.keys(schemas)) if (!used.has(name)) delete schemas[name];
}

/** What a schema asks for besides null; null where it does not allow that. */
function withoutNull(schema: unknown): Record<string, unknown> | null {
  if (!isRecord(schema) || !Array.isArray(schema.anyOf)) return null;
  const { anyOf, ...rest } = schema;
  const [present, ...others] = anyOf.filter((branch) => isRecord(branch) && branch.type !== 'null');
  return anyOf.length === 2 && others.length === 0 && isRecord(present) ? { ...rest, ...present } : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}

/** Documents on every route of this scope, beside its own answers, those that any of them may give. */
export function documentErrors(scope: FastifyInstance, responses: Readonly<Record<number, unknown>>): void {
  scope.addHook('onRoute', (route) => {
    const own: unknown = route.schema?.response;
    route.schema = { ...route.schema, response: { ...responses, ...(isRecord(own) ? own : {}) } };
  });
}

/** What is to be known here of a dialect. */
interface DocumentedApi {
  readonly name: string;
  /** What its own document says of it; where absent, its routes are in that of the first. */
  readonly document?: { readonly title: string; readonly description: string };
  /** The sections of its operations. */
  readonly tags: readonly ApiTag[];
  /** A sentence that an error of each status may have. */
  readonly errorExamples?: Readonly<Record<number, string>> | undefined;
  /** What operations answer as events, by their ids. */
  readonly streams?: Readonly<Record<string, StreamDocument>> | undefined;
}

/** What the OpenAPI documents are made of. */
export interface OpenApiParts {
  readonly version: string;
  readonly apis: readonly DocumentedApi[];
}

interface ShownDocument {
  readonly decorator: string;
  readonly url: string;
  readonly title: string;
  readonly description: string;
  readonly apis: readonly DocumentedApi[];
}

/** Serves the OpenAPI documents of all routes that are registered after it: UI at /docs, JSON at /docs/json, and at /docs/<name>.json of the other dialects that have one. */
export async function registerOpenApi(app: FastifyInstance, { version, apis }: OpenApiParts): Promise<void> {
  const documents = toDocuments(apis);
  for (const [index, shown] of documents.entries()) {
    const { url, decorator } = shown;
    await registerDocument(app, version, shown);
    if (index > 0) app.get(url, { schema: { hide: true } }, async () => readDocument(app, decorator));
  }
  const urls = documents.map(({ url, title: name }) => ({ url, name }));
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: DOCS_POLICY, uiConfig: { urls } });
}

function toDocuments(apis: readonly DocumentedApi[]): readonly ShownDocument[] {
  return apis.flatMap((api, index) => {
    if (!api.document) return [];
    const isFirst = index === 0;
    const decorator = isFirst ? 'swagger' : `swagger-${api.name}`;
    const url = isFirst ? '/docs/json' : `/docs/${api.name}.json`;
    const shown = isFirst ? apis.filter((one) => one === api || !one.document) : [api];
    return [{ decorator, url, ...api.document, apis: shown }];
  });
}

function readDocument(app: FastifyInstance, decorator: string): unknown {
  const read: unknown = Reflect.get(app, decorator);
  return typeof read === 'function' ? read.call(app) : null;
}

async function registerDocument(
  app: FastifyInstance,
  version: string,
  { title, description, apis, decorator }: ShownDocument,
): Promise<void> {
  const streams = Object.assign({}, ...apis.map((api) => api.streams ?? {}));
  const errorExamples = Object.assign({}, ...apis.map((api) => api.errorExamples ?? {}));
  await app.register(swagger, {
    decorator: decorator as 'swagger',
    openapi: {
      openapi: '3.1.0',
      info: {
        title,
        description,
        version,
        license: { name: 'MIT', identifier: 'MIT' },
      },
      // Relative: wherever the document is read from.
      servers: [{ url: '/', description: 'This server' }],
      tags: apis.flatMap(({ tags }) => tags),
      components: {
        securitySchemes: {
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
          bearer: { type: 'http', scheme: 'bearer' },
          basic: { type: 'http', scheme: 'basic', description: 'Any user name, the key as password.' },
        },
      },
      security: [{ apiKey: [] }, { bearer: [] }, { basic: [] }],
    },
    transform: (route) => {
      const { name } = route.route.config?.dialect ?? {};
      if (!apis.some((api) => api.name === name)) return { schema: { hide: true }, url: route.url };
      return documentKey(describeResponses(jsonSchemaTransform(route)), route.route);
    },
    transformObject: (document) => {
      const transformed = jsonSchemaTransformObject(document);
      allowAbsentBodies(transformed.paths ?? {});
      exemplifyErrors(transformed.paths ?? {}, errorExamples);
      documentStreams(transformed.paths ?? {}, streams);
      if ('components' in transformed) dropUnused(transformed.components?.schemas ?? {}, transformed.paths);
      return transformed;
    },
  });
}
