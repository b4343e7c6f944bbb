import { z } from 'zod';
import { errorResponse } from './errors.ts';

/** Of the addresses of this dialect's sandboxes. */
export const NAMESPACE = 'e2b';

type Tag = 'sandboxes' | 'snapshots' | 'templates';

/** The sections of this dialect's operations in the OpenAPI document. */
export const TAGS: readonly { readonly name: Tag; readonly description: string }[] = [
  { name: 'sandboxes', description: 'The life of sandboxes' },
  { name: 'snapshots', description: 'What sandboxes had at a moment' },
  { name: 'templates', description: 'What sandboxes are made from' },
];

const params = z.object({
  sandboxID: z.string().meta({ description: 'As its creation answered it.', examples: ['i4t0…'] }),
});

/** An answer without a body. */
export const noContent = z.null().describe('Done.');

interface Schema {
  readonly body?: z.ZodType;
  readonly querystring?: z.ZodType;
  readonly params?: z.ZodType;
  readonly response?: Readonly<Record<number, z.ZodType>>;
}

/** The options of a route about no sandbox that exists. Keys that are bound to users of another dialect may call it: ids here are ours. */
export function operation<Given extends Schema>(tag: Tag, operationId: string, summary: string, schema: Given) {
  return { config: { isAboutNoUser: true }, schema: { operationId, summary, tags: [tag], ...schema } };
}

/** The same for a route about one sandbox. */
export function sandboxOperation<Given extends Schema>(tag: Tag, operationId: string, summary: string, schema: Given) {
  const response: Given['response'] & { 404: typeof errorResponse; 409: typeof errorResponse } = {
    404: errorResponse,
    409: errorResponse,
    ...schema.response,
  };
  return operation(tag, operationId, summary, { params, ...schema, response });
}
