import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { presentLanguages } from '../../../processes/languages.ts';
import type { ServerInfo } from '../../../sandboxes/info.ts';
import { serverErrors } from '../errors.ts';
import { round } from '../numbers.ts';
import { operation } from '../operation.ts';
import * as schemas from './schemas.ts';

const BYTES_PER_GB = 2 ** 30;

/** /health, open to everybody. */
export const healthRoute: FastifyPluginAsyncZod<{ readonly info: ServerInfo }> = async (app, { info }) => {
  app.get(
    '/health',
    operation('service', 'getHealth', 'Whether the server and its engine work; always 200', {
      security: [],
      response: { 200: schemas.healthResponse, ...serverErrors },
    }),
    async () => {
      const { isWell: docker, warnings } = await info.health();
      const status = docker ? ('healthy' as const) : ('unhealthy' as const);
      return {
        status,
        docker,
        engine: info.engineKind,
        version: info.version,
        service: 'gateway' as const,
        ...(warnings.length === 0 ? {} : { warnings: [...warnings] }),
      };
    },
  );
};

/** /info. */
export const infoRoute: FastifyPluginAsyncZod<{ readonly info: ServerInfo }> = async (app, { info }) => {
  app.get(
    '/info',
    operation(
      'service',
      'getInfo',
      'Version, sandboxes and disk',
      { response: { 200: schemas.infoResponse } },
      { isAboutNoUser: true },
    ),
    async () => {
      const engineVersion = await info.engineVersion();
      const { freeBytes, totalBytes } = await info.disk();
      const { active, pooled, max } = await info.counts();
      return {
        version: info.version,
        available: engineVersion !== null,
        docker_version: engineVersion ?? 'unknown',
        engine: info.engineKind,
        engine_reason: info.engineReason,
        active_sandboxes: active,
        pooled_sandboxes: pooled,
        max_sandboxes: max,
        languages: [...presentLanguages(info.programs())],
        host_info: {
          disk_free_gb: round(freeBytes / BYTES_PER_GB, 2),
          disk_total_gb: round(totalBytes / BYTES_PER_GB, 2),
        },
      };
    },
  );
};
