import { join } from 'node:path';
import { type FastifyBaseLogger, type FastifyInstance, fastify, LogController } from 'fastify';
import { serializerCompiler, validatorCompiler, type ZodTypeProvider } from 'fastify-type-provider-zod';
import { isSandboxError } from '../../base/errors.ts';
import type { MountNamespace } from '../base/mount-namespace.ts';
import { KEEP_SIZE, LoopDisk } from '../loop-disk.ts';
import { whyRefused } from '../mount-support.ts';
import {
  BODY_LIMIT_BYTES,
  copySchema,
  flushDiskSchema,
  mountedSchema,
  namedSchema,
  openSchema,
  readySchema,
  roomSchema,
  settleSchema,
  shareRoomSchema,
  usageSchema,
} from '../service-schemas.ts';

interface DiskServiceParts {
  /** The data folder as the machine has it. */
  readonly dataDir: string;
  /** Where the disks are mounted. */
  readonly namespace: MountNamespace;
  /** Why an engine would not see them there, as the end of a sentence; null where nothing speaks against it. */
  readonly invisibleReason: () => Promise<string | null>;
  readonly logger: FastifyBaseLogger;
}

/**
 * Mounts the disks of sandboxes for a server that cannot: opens and closes the images in one data folder, by the names of their
 * folders, copies them, keeps them from filling the disk below, and does nothing else. It is for a Unix socket that only the server can reach, so it asks for no key.
 */
export function buildDiskService(parts: DiskServiceParts): FastifyInstance {
  const { dataDir, namespace, logger } = parts;
  const app = fastify({
    loggerInstance: logger,
    logController: new LogController({ disableRequestLogging: true }),
    bodyLimit: BODY_LIMIT_BYTES,
  });
  app.setValidatorCompiler(validatorCompiler);
  app.setSerializerCompiler(serializerCompiler);
  app.setErrorHandler((error: Error & { statusCode?: number }, _request, reply) => {
    if (isSandboxError(error, 'no_space')) return reply.code(507).send({ kind: 'no_space', error: error.message });
    if (isSandboxError(error)) return reply.code(503).send({ kind: 'unavailable', error: error.message });
    if (error.statusCode !== undefined && error.statusCode < 500) {
      return reply.code(error.statusCode).send({ kind: 'invalid', error: error.message });
    }
    logger.error({ err: error }, 'a disk failed');
    return reply
      .code(503)
      .send({ kind: 'unavailable', error: 'The disk service failed; the operator must look at its log.' });
  });

  const onError = (error: unknown) => logger.error({ err: error }, 'a disk failed');
  const disk = (sizeBytes: number) => new LoopDisk(namespace, sizeBytes, onError);
  const known = disk(KEEP_SIZE);
  const routes = app.withTypeProvider<ZodTypeProvider>();
  routes.post('/ready', { schema: { response: { 200: readySchema } } }, async () => {
    return { reason: (await parts.invisibleReason()) ?? (await whyRefused(namespace, dataDir)) };
  });
  routes.post('/open', { schema: { body: openSchema } }, async ({ body }, reply) => {
    const { name, sizeBytes, owner, isShared = false, holder } = body;
    const options = { isShared, ...(holder === undefined ? {} : { holder }) };
    await disk(sizeBytes).open(join(dataDir, name), owner, options);
    return reply.code(204).send();
  });
  routes.post('/close', { schema: { body: namedSchema } }, async ({ body }, reply) => {
    await known.close(join(dataDir, body.name));
    return reply.code(204).send();
  });
  routes.post('/usage', { schema: { body: namedSchema, response: { 200: usageSchema } } }, async ({ body }) => {
    return await known.usage(join(dataDir, body.name));
  });
  routes.post('/mounted', { schema: { response: { 200: mountedSchema } } }, async () => {
    return { names: await known.mounted(dataDir) };
  });
  const room = { schema: { body: shareRoomSchema, response: { 200: roomSchema } } };
  routes.post('/share-room', room, async ({ body }) => {
    const { held, ...room } = await known.shareRoom(dataDir, body.keepBytes);
    return { ...room, held: [...held] };
  });
  routes.post('/flush', async (_request, reply) => {
    await known.flush(dataDir);
    return reply.code(204).send();
  });
  const toFile = ({ name, file }: { name: string; file: string }) => ({ folder: join(dataDir, name), file });
  routes.post('/flush-disk', { schema: { body: flushDiskSchema } }, async ({ body }, reply) => {
    await known.flushDisk(join(dataDir, body.name), body.deadlineMs);
    return reply.code(204).send();
  });
  routes.post('/copy', { schema: { body: copySchema } }, async ({ body }, reply) => {
    await known.copyImage(toFile(body.from), toFile(body.to), body.deadlineMs);
    return reply.code(204).send();
  });
  routes.post('/settle', { schema: { body: settleSchema } }, async ({ body }, reply) => {
    await known.settleImage(toFile(body));
    return reply.code(204).send();
  });
  return app;
}
