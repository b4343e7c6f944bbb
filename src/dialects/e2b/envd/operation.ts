import type { FastifyContextConfig, FastifySchema } from 'fastify';

/** The options of a route, which no OpenAPI document has: it is on a port of each sandbox. */
export function envdOperation<Schema extends FastifySchema>(schema: Schema, config: FastifyContextConfig = {}) {
  return { config, schema: { hide: true, ...schema } };
}
