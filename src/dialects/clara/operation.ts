import type { FastifyContextConfig, FastifySchema } from 'fastify';
import type { z } from 'zod';
import { sandboxErrors } from './errors.ts';
import { userParams } from './fields.ts';

type Tag =
  | 'service'
  | 'sandbox'
  | 'execution'
  | 'processes'
  | 'contexts'
  | 'files'
  | 'checkpoints'
  | 'secrets'
  | 'ports';

/** The sections of this dialect's operations in the OpenAPI document. */
export const TAGS: readonly { readonly name: Tag; readonly description: string }[] = [
  { name: 'service', description: 'The server itself' },
  { name: 'sandbox', description: 'The life of a sandbox' },
  { name: 'execution', description: 'Running code, commands and pip' },
  { name: 'processes', description: 'Programs that live beyond their request' },
  { name: 'contexts', description: 'Interpreters whose variables live on between calls' },
  { name: 'files', description: 'Files of a sandbox' },
  { name: 'checkpoints', description: 'The files of a sandbox as they were' },
  { name: 'secrets', description: 'What programs of a sandbox use and never see' },
  { name: 'ports', description: 'Servers in a sandbox, reached from outside' },
];

/** The options of a route: how the OpenAPI document shows it, and what it takes and answers. */
export function operation<Schema extends FastifySchema>(
  tag: Tag,
  operationId: string,
  summary: string,
  schema: Schema,
  config: FastifyContextConfig = {},
) {
  return { config, schema: { operationId, summary, tags: [tag], ...schema } };
}

/** What a route takes beside the user's id, which `params` replaces. */
interface SchemaParts {
  readonly params?: z.ZodType;
  readonly querystring?: z.ZodType;
  readonly body?: z.ZodType;
  readonly headers?: z.ZodType;
}

/** The same for a route that works with a user's sandbox: `answers` beside those that all such routes may give. */
export function sandboxOperation<Answers extends Readonly<Record<number, unknown>>, Parts extends SchemaParts = object>(
  tag: Tag,
  operationId: string,
  summary: string,
  answers: Answers,
  parts?: Parts & { readonly consumes?: string[] },
  config: FastifyContextConfig = {},
) {
  const schema = { params: userParams, ...(parts as Parts), response: { ...answers, ...sandboxErrors } };
  return operation(tag, operationId, summary, schema, config);
}
