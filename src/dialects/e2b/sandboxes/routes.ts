import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { Clock } from '../../../async/clock.ts';
import { SandboxError } from '../../../errors.ts';
import { makeSandbox } from '../../../sandboxes/making.ts';
import { type Core, principalOf, refOf } from '../../dialect.ts';
import { NAMESPACE, noContent, operation, sandboxOperation } from '../operation.ts';
import { Templates } from '../templates/templates.ts';
import { newId, toWanted } from './making.ts';
import { toDetail, toSandbox } from './mapping.ts';
import * as schemas from './schemas.ts';

/** What the control plane needs beside the core. */
export interface ControlOptions {
  readonly clock: Clock;
  /** Where ports of sandboxes have hosts of their own; null for nowhere. */
  readonly previewDomain: string | null;
}

/** The longest that a sandbox may live without another word, in seconds. */
export const MAX_TIMEOUT_SECONDS = 24 * 3_600;

/** Where clients of each version say nothing. */
const DEFAULTS = {
  v1: { timeoutSeconds: 15, isAlwaysSecure: false },
  v2: { timeoutSeconds: 300, isAlwaysSecure: true },
};

/** E2B: sandboxes are made, looked at and killed. */
export const sandboxRoutes: FastifyPluginAsyncZod<Core & ControlOptions> = async (app, core) => {
  const { sandboxes, tenancies, clock, previewDomain: domain } = core;
  const templates = new Templates({});

  const create =
    (defaults: (typeof DEFAULTS)['v1']) =>
    async (request: FastifyRequest<{ Body: z.output<typeof schemas.createBody> }>, reply: FastifyReply) => {
      const { id, name, asked } = templates.require(request.body.templateID);
      const given = { ...defaults, maxTimeoutSeconds: MAX_TIMEOUT_SECONDS, nowMs: clock.wallMs() };
      const { egress, life, settings } = toWanted(request.body, { id, name }, given);
      const made = await makeSandbox(sandboxes, NAMESPACE, principalOf(request), {
        id: newId(),
        asked: { ...asked, ...egress },
        life,
        settings,
      });
      const ref = { address: made.address, principal: principalOf(request) };
      return await reply.code(201).send(toSandbox({ tenancy: await tenancies.get(ref), domain }));
    };
  const shape = { body: schemas.createBody, response: { 201: schemas.sandbox } };
  app.post('/sandboxes', operation('sandboxes', 'createSandbox', 'Make a sandbox', shape), create(DEFAULTS.v1));
  app.post('/v2/sandboxes', operation('sandboxes', 'createSandboxV2', 'Make a sandbox', shape), create(DEFAULTS.v2));

  app.get(
    '/sandboxes/:sandboxID',
    sandboxOperation('sandboxes', 'getSandbox', 'One sandbox', { response: { 200: schemas.detail } }),
    async (request) => {
      const tenancy = await tenancies.get(refOf(request));
      return toDetail({ tenancy, domain }, tenancies.sizeOf(tenancy));
    },
  );

  app.delete(
    '/sandboxes/:sandboxID',
    sandboxOperation('sandboxes', 'killSandbox', 'End a sandbox, with its files', { response: { 204: noContent } }),
    async (request, reply) => {
      const ref = refOf(request);
      await tenancies.get(ref);
      if (!(await sandboxes.purge(ref))) throw new SandboxError('not_found', 'Sandbox not found');
      return await reply.code(204).send(null);
    },
  );
};
