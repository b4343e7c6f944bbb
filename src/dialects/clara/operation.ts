import type { FastifyContextConfig, FastifySchema } from 'fastify';
import { renderProblem } from './mapping.ts';

type Tag = 'service' | 'sandbox' | 'execution' | 'files';

/** The options of a route of this dialect: how the OpenAPI document shows it, and what it takes and answers. */
export function operation<Schema extends FastifySchema>(
  tag: Tag,
  operationId: string,
  summary: string,
  schema: Schema,
  config: FastifyContextConfig = {},
) {
  return { config: { ...config, renderProblem }, schema: { operationId, summary, tags: [tag], ...schema } };
}
