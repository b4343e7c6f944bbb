import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { SandboxError } from '../../../base/errors.ts';
import type { LifePolicy } from '../../../sandboxes/asked/life-policy.ts';
import type { Tenancy } from '../../../sandboxes/tenancies.ts';
import { type Core, refOf } from '../../dialect.ts';
import { endingAt, endingNotBefore, withOnTimeout } from '../life.ts';
import { noContent, sandboxOperation } from '../operation.ts';
import { requireTimeout } from './making.ts';
import { toSandbox } from './mapping.ts';
import { type ControlOptions, MAX_TIMEOUT_SECONDS } from './routes.ts';
import * as schemas from './schemas.ts';

/** The least that a refresh adds, in seconds, where it says so little. */
const LEAST_REFRESH = 15;

const V1_TIMEOUT = 15;
const V2_TIMEOUT = 300;

/** E2B: how long sandboxes live, and that they are paused. */
export const lifeRoutes: FastifyPluginAsyncZod<Core & ControlOptions> = async (app, core) => {
  const { tenancies, sandboxes, clock, previewDomain: domain } = core;
  const inSeconds = (seconds: number) => clock.wallMs() + requireTimeout(seconds, MAX_TIMEOUT_SECONDS) * 1000;

  app.post(
    '/sandboxes/:sandboxID/timeout',
    sandboxOperation('sandboxes', 'setTimeout', 'End a sandbox N seconds from now', {
      body: schemas.timeoutBody,
      response: { 204: noContent },
    }),
    async (request, reply) => {
      const ref = refOf(request);
      const atMs = inSeconds(request.body.timeout);
      await tenancies.prolong(ref, (life) => endingAt(life, atMs));
      // What ends now is not there any more when this is answered.
      if (request.body.timeout === 0 && (await tenancies.find(ref.address)) === null) await sandboxes.purge(ref);
      return await reply.code(204).send(null);
    },
  );

  app.post(
    '/sandboxes/:sandboxID/refreshes',
    sandboxOperation('sandboxes', 'refresh', 'Let a sandbox live N seconds more', {
      body: schemas.refreshBody,
      response: { 204: noContent },
    }),
    async (request, reply) => {
      const atMs = inSeconds(Math.max(request.body?.duration ?? 0, LEAST_REFRESH));
      await tenancies.prolong(refOf(request), (life) => endingNotBefore(life, atMs));
      return await reply.code(204).send(null);
    },
  );

  app.post(
    '/sandboxes/:sandboxID/pause',
    sandboxOperation('sandboxes', 'pause', 'Pause a sandbox with its memory, or with its files alone', {
      body: schemas.pauseBody,
      response: { 204: noContent },
    }),
    async (request, reply) => {
      await tenancies.suspend(refOf(request), request.body?.memory ?? true);
      return await reply.code(204).send(null);
    },
  );

  app.post(
    '/sandboxes/:sandboxID/resume',
    sandboxOperation('sandboxes', 'resume', 'Resume a paused sandbox', {
      body: schemas.resumeBody,
      response: { 201: schemas.sandbox },
    }),
    async (request, reply) => {
      const ref = refOf(request);
      const seconds = requireTimeout(request.body?.timeout ?? V1_TIMEOUT, MAX_TIMEOUT_SECONDS);
      const autoPause = request.body?.autoPause ?? null;
      const toLife = (life: LifePolicy, wasSuspended: boolean) =>
        wasSuspended ? withOnTimeout(endingAt(life, inSeconds(seconds)), autoPause) : life;
      if (!(await tenancies.resume(ref, toLife))) throw new SandboxError('conflict', 'The sandbox is running already.');
      return await reply.code(201).send(toSandbox({ tenancy: await tenancies.get(ref), domain }));
    },
  );

  const connect = async (request: FastifyRequest, reply: FastifyReply, seconds: number) => {
    const ref = refOf(request);
    requireTimeout(seconds, MAX_TIMEOUT_SECONDS);
    const toLife = (life: LifePolicy, wasSuspended: boolean) =>
      wasSuspended ? endingAt(life, inSeconds(seconds)) : endingNotBefore(life, inSeconds(seconds));
    const isResumed = await tenancies.resume(ref, toLife);
    return await reply.code(isResumed ? 201 : 200).send(shown(await tenancies.get(ref)));
  };
  const shown = (tenancy: Tenancy): z.output<typeof schemas.sandbox> => toSandbox({ tenancy, domain });
  const response = { 200: schemas.sandbox, 201: schemas.sandbox };
  const sentence = 'Use a sandbox again, which is resumed where it is paused';
  app.post(
    '/sandboxes/:sandboxID/connect',
    sandboxOperation('sandboxes', 'connect', sentence, { body: schemas.connectBody, response }),
    async (request, reply) => await connect(request, reply, request.body.timeout),
  );
  app.post(
    '/v2/sandboxes/:sandboxID/connect',
    sandboxOperation('sandboxes', 'connectV2', sentence, { body: schemas.connectBodyV2, response }),
    async (request, reply) => await connect(request, reply, request.body?.timeout ?? V2_TIMEOUT),
  );
};
