import { z } from 'zod';

const parameterSchema = z.object({
  in: z.enum(['path', 'query', 'header']),
  name: z.string(),
  example: z.unknown().optional(),
  schema: z.object({
    pattern: z.string().optional(),
    default: z.unknown().optional(),
  }),
});

const mediaSchema = z.object({
  example: z.unknown().optional(),
  examples: z.record(z.string(), z.object({ value: z.unknown() })).optional(),
  schema: z.object({ examples: z.array(z.unknown()).optional(), format: z.string().optional() }).optional(),
});

const operationSchema = z.object({
  operationId: z.string(),
  parameters: z.array(parameterSchema).optional(),
  requestBody: z.object({ content: z.record(z.string(), mediaSchema) }).optional(),
});

/** Of the OpenAPI document, what an example is made of. */
export const exampleDocument = z.object({ paths: z.record(z.string(), z.record(z.string(), operationSchema)) });

/** An OpenAPI document, as far as its examples are read. */
export type ExampleDocument = z.output<typeof exampleDocument>;

/** A request as somebody sends it who fills in nothing. */
export interface ExampleRequest {
  readonly operationId: string;
  readonly method: string;
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
}

function exampleOf(parameter: z.output<typeof parameterSchema>): unknown {
  return parameter.example ?? parameter.schema.default;
}

/** The request that the page at /docs sends for each operation as it stands; `undefined` values are left out. */
export function toExampleRequests(document: ExampleDocument): ExampleRequest[] {
  return Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, operation]) => {
      const parameters = operation.parameters ?? [];
      const given = (place: string) =>
        parameters.filter((parameter) => parameter.in === place && exampleOf(parameter) !== undefined);
      const filled = given('path').reduce(
        (url, parameter) => url.replace(`{${parameter.name}}`, encodeURIComponent(String(exampleOf(parameter)))),
        path,
      );
      const query = new URLSearchParams(
        Object.fromEntries(given('query').map((each) => [each.name, String(exampleOf(each))])),
      ).toString();
      const [type, media] = Object.entries(operation.requestBody?.content ?? {})[0] ?? [];
      const example = media?.example ?? media?.schema?.examples?.[0];
      const isText = typeof example === 'string';
      return {
        operationId: operation.operationId,
        method: method.toUpperCase(),
        url: query === '' ? filled : `${filled}?${query}`,
        headers: {
          ...Object.fromEntries(given('header').map((each) => [each.name, String(exampleOf(each))])),
          ...(type === undefined ? {} : { 'content-type': type }),
        },
        body: example === undefined ? undefined : isText ? example : JSON.stringify(example),
      };
    }),
  );
}

/** Every pattern of a parameter with its example, as a page tries them that sets no flag. */
export function toPatterns(document: ExampleDocument): { readonly pattern: string; readonly example: string }[] {
  return Object.values(document.paths)
    .flatMap((operations) => Object.values(operations).flatMap((operation) => operation.parameters ?? []))
    .flatMap((parameter) =>
      parameter.schema.pattern === undefined || exampleOf(parameter) === undefined
        ? []
        : [{ pattern: parameter.schema.pattern, example: String(exampleOf(parameter)) }],
    );
}
