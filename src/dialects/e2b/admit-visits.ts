import type { FastifyInstance } from 'fastify';
import { passedMethods } from '../../http/forward/passed-requests.ts';
import type { SandboxDoor } from './admission.ts';
import type { Access } from './visit.ts';

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

/** Answers what is no route of this scope after the door: that there is no such sandbox is told first, whatever is asked of it. */
export function admitUnknown(scope: FastifyInstance, access: Access): void {
  const add = (method: string[], e2b: Access) =>
    scope.route({
      method,
      url: '*',
      config: { isUnknown: true, e2b },
      onRequest: (request, reply) => scope.refuseUnknown(request, reply),
      handler: () => undefined,
    });
  add(
    passedMethods(scope).filter((method) => method !== 'OPTIONS'),
    access,
  );
  add(['OPTIONS'], { needs: 'nothing', isOpenByHost: true });
}
