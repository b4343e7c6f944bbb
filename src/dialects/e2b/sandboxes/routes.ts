import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { Clock } from '../../../async/clock.ts';
import { SandboxError } from '../../../base/errors.ts';
import { makeSandbox } from '../../../sandboxes/making.ts';
import { type Core, principalOf, refOf } from '../../dialect.ts';
import { NAMESPACE, noContent, operation, sandboxOperation } from '../operation.ts';
import { findSnapshot } from '../snapshot-names.ts';
import type { Templates } from '../templates/templates.ts';
import { beginTime } from './beginning.ts';
import { newId, refuseLacking, toSnapshotTemplate, toWanted, withSnapshot } from './making.ts';
import { toDetail, toSandbox } from './mapping.ts';
import * as schemas from './schemas.ts';

/** What the control plane needs beside the core. */
export interface ControlOptions {
  readonly clock: Clock;
  /** Where ports of sandboxes have hosts of their own; null for nowhere. */
  readonly previewDomain: string | null;
  readonly templates: Templates;
  /** True where only its token opens a sandbox, whatever is asked for. */
  readonly isAlwaysSecure: boolean;
}

/** The longest that a sandbox may live without another word, in seconds. */
export const MAX_TIMEOUT_SECONDS = 24 * 3_600;

/** Of a sandbox without a token. RFC 9111, section 5.5. */
const OPEN_WARNING = '299 - "Whoever knows the id of this sandbox may use it; ask for secure: true"';

/** Where clients of each version say nothing. */
const DEFAULTS = {
  v1: { timeoutSeconds: 15, isAlwaysSecure: false },
  v2: { timeoutSeconds: 300, isAlwaysSecure: true },
};

/** E2B: sandboxes are made, looked at and killed. */
export const sandboxRoutes: FastifyPluginAsyncZod<Core & ControlOptions> = async (app, core) => {
  const { sandboxes, tenancies, templates, snapshots, forks, clock, previewDomain: domain } = core;

  const create =
    (defaults: (typeof DEFAULTS)['v1']) =>
    async (request: FastifyRequest<{ Body: z.output<typeof schemas.createBody> }>, reply: FastifyReply) => {
      const given = {
        ...defaults,
        isAlwaysSecure: defaults.isAlwaysSecure || core.isAlwaysSecure,
        maxTimeoutSeconds: MAX_TIMEOUT_SECONDS,
        nowMs: clock.wallMs(),
      };
      refuseLacking(request.body);
      const principal = principalOf(request);
      const ref = { address: { namespace: NAMESPACE, id: newId() }, principal };
      request.about = ref.address;
      const snapshot = findSnapshot(principal, await snapshots.list(principal), request.body.templateID);
      if (snapshot) {
        const body = withSnapshot(request.body, snapshot, await snapshots.envOf(principal, snapshot));
        const { egress, life, settings: change } = toWanted(body, toSnapshotTemplate(principal, snapshot), given);
        const { egressAllow: _allow, egressDeny: _deny, ...asked } = snapshot.asked;
        await forks.create(
          ref,
          { address: snapshot.address, checkpointId: null },
          { asked: { ...asked, ...egress }, life, change },
        );
      } else {
        const { id, name, asked } = templates.require(request.body.templateID);
        const { egress, life, settings } = toWanted(request.body, { id, name }, given);
        await makeSandbox(sandboxes, NAMESPACE, principal, {
          id: ref.address.id,
          asked: { ...asked, ...egress },
          life,
          settings,
        });
      }
      const tenancy = await beginTime(core, ref);
      if (tenancy.terms.token === null) reply.header('Warning', OPEN_WARNING);
      return await reply.code(201).send(toSandbox({ tenancy, domain }));
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
