import { statfs } from 'node:fs/promises';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { Config } from '../../../config/config.ts';
import type { Engine } from '../../../engines/engine.ts';
import type { SandboxService } from '../../../sandboxes/sandboxes.ts';
import { serverErrors } from '../error-schemas.ts';
import { operation } from '../operation.ts';
import * as responses from '../response-schemas.ts';

export interface ServiceRoutesOptions {
  readonly engine: Engine;
  readonly service: SandboxService;
  readonly config: Config;
  readonly version: string;
  /** What the operator should mend, a sentence each. */
  readonly warnings: () => readonly string[];
}

const BYTES_PER_GB = 2 ** 30;

/** /health, open to everybody. */
export const healthRoute: FastifyPluginAsyncZod<ServiceRoutesOptions> = async (app, options) => {
  const { engine, version, warnings } = options;
  app.get(
    '/health',
    operation('service', 'getHealth', 'Whether the server and its engine work; always 200', {
      security: [],
      response: { 200: responses.healthResponse, ...serverErrors },
    }),
    async () => {
      const docker = (await engineVersion(engine)) !== null;
      const sentences = [...warnings()];
      const status = docker ? ('healthy' as const) : ('unhealthy' as const);
      return { status, docker, version, ...(sentences.length === 0 ? {} : { warnings: sentences }) };
    },
  );
};

/** /info. */
export const infoRoute: FastifyPluginAsyncZod<ServiceRoutesOptions> = async (app, options) => {
  const { engine, service, config, version } = options;
  app.get(
    '/info',
    operation(
      'service',
      'getInfo',
      'Version, sandboxes and disk',
      { response: { 200: responses.infoResponse } },
      { isAboutNoUser: true },
    ),
    async () => {
      const dockerVersion = await engineVersion(engine);
      const disk = await statfs(config.dataDir).catch(() => null);
      return {
        version,
        available: dockerVersion !== null,
        docker_version: dockerVersion ?? 'unknown',
        active_sandboxes: service.capacity.usedByOwners,
        pooled_sandboxes: service.pool.size,
        max_sandboxes: service.capacity.max,
        host_info: {
          disk_free_gb: disk ? toGigabytes(disk.bavail * disk.bsize) : 0,
          disk_total_gb: disk ? toGigabytes(disk.blocks * disk.bsize) : 0,
        },
      };
    },
  );
};

async function engineVersion(engine: Engine): Promise<string | null> {
  try {
    return (await engine.info()).version;
  } catch {
    return null;
  }
}

function toGigabytes(bytes: number): number {
  return Math.round((bytes / BYTES_PER_GB) * 100) / 100;
}
