import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import type { FastifyInstance } from 'fastify';
import { jsonSchemaTransform } from 'fastify-type-provider-zod';

/** Serves the OpenAPI document of all routes that are registered after it: UI at /docs, JSON at /docs/json. */
export async function registerOpenApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Clara Sandbox',
        description: 'A computer in a container for every user of a chat bot or an AI agent.',
        version,
      },
      tags: [
        { name: 'service', description: 'The server itself' },
        { name: 'sandbox', description: 'The life of a sandbox' },
        { name: 'execution', description: 'Running code, commands and pip' },
        { name: 'files', description: 'Files of a sandbox' },
      ],
      components: {
        securitySchemes: {
          apiKey: { type: 'apiKey', in: 'header', name: 'X-API-Key' },
          bearer: { type: 'http', scheme: 'bearer' },
          basic: { type: 'http', scheme: 'basic', description: 'Any user name, the key as password.' },
        },
      },
      security: [{ apiKey: [] }, { bearer: [] }, { basic: [] }],
    },
    transform: jsonSchemaTransform,
  });
  await app.register(swaggerUi, { routePrefix: '/docs' });
}
