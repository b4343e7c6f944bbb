import type { FastifyInstance } from 'fastify';
import type { SandboxDoor } from './door.ts';
import './visit.ts';

/** Lets all requests of this scope in by the door, before their bodies are read. */
export function admitVisits(scope: FastifyInstance, door: SandboxDoor): void {
  if (!scope.hasRequestDecorator('visit')) scope.decorateRequest('visit', null);
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, needsKey: true };
    route.schema = { ...route.schema, hide: true };
  });
  scope.addHook('onRequest', async (request, reply) => {
    request.visit = await door.enter(request, reply);
    return request.visit ? undefined : reply;
  });
}
