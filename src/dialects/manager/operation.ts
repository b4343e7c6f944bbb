import { z } from 'zod';
import { errorResponse } from './errors.ts';

/** Of the addresses of this dialect's sandboxes. */
export const NAMESPACE = 'manager';

type Tag = 'sandboxes' | 'execution' | 'configuration' | 'files' | 'observation';

/** The sections of this dialect's operations in the OpenAPI document. */
export const TAGS: readonly { readonly name: Tag; readonly description: string }[] = [
  { name: 'sandboxes', description: 'The life of sandboxes' },
  { name: 'execution', description: 'Running commands' },
  { name: 'configuration', description: 'Environment, main process and timeout' },
  { name: 'files', description: 'Volumes and export' },
  { name: 'observation', description: 'Logs, figures and alerts' },
];

const params = z.object({
  sandbox_id: z.string().meta({
    description: 'Its container_id, the first 12 digits of that, or its name.',
    examples: ['my-sandbox'],
  }),
});

interface Schema {
  readonly params?: z.ZodType;
  readonly querystring?: z.ZodType;
  readonly body?: z.ZodType;
  readonly response: Readonly<Record<number, z.ZodType>>;
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
