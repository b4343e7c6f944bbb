import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { Checkpoint } from '../../../sandboxes/checkpoints/checkpoint.ts';
import { type Core, refOf } from '../../dialect.ts';
import { toTimestamp } from '../numbers.ts';
import { sandboxOperation } from '../operation.ts';
import { noContent } from '../processes/schemas.ts';
import { sandboxInfo } from '../sandboxes/info-schema.ts';
import { toSandboxInfo } from '../sandboxes/mapping.ts';
import { noBody, noQuery } from '../sandboxes/state-schemas.ts';
import * as schemas from './schemas.ts';

/** The native dialect: the files of a sandbox as they were. */
export const checkpointRoutes: FastifyPluginAsyncZod<Core> = async (app, { checkpoints, restoring }) => {
  const querystring = noQuery;
  const params = schemas.checkpointParams;

  app.post(
    '/sandbox/:user_id/checkpoints',
    sandboxOperation(
      'checkpoints',
      'createCheckpoint',
      'Take a checkpoint of workspace and packages',
      { 201: schemas.checkpointInfo },
      { querystring, body: schemas.takeBody },
    ),
    async (request, reply) => {
      const checkpoint = await checkpoints.take(refOf(request), request.body?.name ?? null);
      reply.code(201);
      return toCheckpointInfo(checkpoint);
    },
  );

  app.get(
    '/sandbox/:user_id/checkpoints',
    sandboxOperation(
      'checkpoints',
      'listCheckpoints',
      'The checkpoints of a sandbox',
      { 200: schemas.checkpointList },
      { querystring },
    ),
    async (request) => ({ checkpoints: (await checkpoints.list(refOf(request))).map(toCheckpointInfo) }),
  );

  app.post(
    '/sandbox/:user_id/checkpoints/:id/restore',
    sandboxOperation(
      'checkpoints',
      'restoreCheckpoint',
      'Start a sandbox anew with the files of a checkpoint',
      { 200: sandboxInfo },
      { params, querystring, body: noBody },
    ),
    async (request) => toSandboxInfo(await restoring.restore(refOf(request), request.params.id)),
  );

  app.delete(
    '/sandbox/:user_id/checkpoints/:id',
    sandboxOperation(
      'checkpoints',
      'deleteCheckpoint',
      'Remove a checkpoint for good',
      { 204: noContent },
      { params, querystring },
    ),
    async (request, reply) => {
      await checkpoints.remove(refOf(request), request.params.id);
      return await reply.code(204).send(null);
    },
  );
};

function toCheckpointInfo({ id, name, sizeBytes, createdAtMs }: Checkpoint): z.output<typeof schemas.checkpointInfo> {
  return { id, name, size: sizeBytes, created_at: toTimestamp(createdAtMs) };
}
