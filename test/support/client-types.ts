import openapiTypescript, { astToString } from 'openapi-typescript';

/** What a type does not say: prose, and examples. */
const PROSE = ['description', 'summary', 'title', 'example', 'examples'];

interface Operation {
  responses?: Record<string, { content?: Readonly<Record<string, unknown>> | undefined }>;
}

/** The TypeScript types of an OpenAPI document: routes, what they take, and what they answer where they succeed. */
export async function clientTypes(document: { readonly paths: Readonly<Record<string, object>> }): Promise<string> {
  const copy = structuredClone(document);
  for (const item of Object.values(copy.paths)) {
    for (const operation of Object.values(item)) keepSuccesses(operation);
  }
  const types = astToString(await openapiTypescript(JSON.stringify(withoutProse(copy)), { silent: true }));
  return `// Made of the OpenAPI document by \`npm run openapi\`.\n\n${types}`;
}

function keepSuccesses(operation: Operation): void {
  if (!operation.responses) return;
  const successes = Object.entries(operation.responses).filter(([status]) => status.startsWith('2'));
  operation.responses = Object.fromEntries(
    successes.map(([status, { content }]) => [status, { content: asData(content) }]),
  );
}

/** Where an answer is JSON unless events are asked for, the JSON. */
function asData(content: Readonly<Record<string, unknown>> | undefined): Readonly<Record<string, unknown>> | undefined {
  const json = content?.['application/json'];
  return json === undefined ? content : { 'application/json': json };
}

function withoutProse(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withoutProse);
  if (typeof value !== 'object' || value === null) return value;
  const isProse = ([key, of]: [string, unknown]) =>
    PROSE.includes(key) && (typeof of === 'string' || key.startsWith('example'));
  const kept = Object.entries(value).filter((entry) => !isProse(entry));
  return Object.fromEntries(kept.map(([key, of]) => [key, withoutProse(of)]));
}
