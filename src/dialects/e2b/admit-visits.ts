import type { FastifyInstance } from 'fastify';
import { passedMethods } from '../../http/forward/passed-requests.ts';
import type { SandboxAdmission } from './admission.ts';
import { sendGone } from './gone.ts';
import type { Access } from './visit.ts';

/** Admits all requests of this scope before their bodies are read. */
export function admitVisits(scope: FastifyInstance, admission: SandboxAdmission): void {
  if (!scope.hasRequestDecorator('visit')) scope.decorateRequest('visit', null);
  scope.addHook('onRoute', (route) => {
    route.config = { ...route.config, needsKey: true };
    route.schema = { ...route.schema, hide: true };
  });
  scope.addHook('onRequest', async (request, reply) => {
    request.visit = await admission.enter(request, reply);
    request.about = request.visit?.ref.address ?? null;
    return request.visit ? undefined : reply;
  });
  scope.addHook('preHandler', async (request, reply) => {
    const { visit, body } = request;
    // A body that was read may have come slowly.
    if (visit === null || body === undefined || (await admission.isThere(visit))) return undefined;
    return sendGone(request, reply, visit.id);
  });
}

/** Answers what is no route of this scope once it was admitted: that there is no such sandbox is told first, whatever is asked of it. */
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
