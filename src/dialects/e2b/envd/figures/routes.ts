import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { UsageReport } from '../../../../sandboxes/usage-report.ts';
import type { Core } from '../../../dialect.ts';
import { visitOf } from '../../visit.ts';
import { envdOperation } from '../operation.ts';

const MIB = 2 ** 20;

const metrics = z.object({
  ts: z.int().meta({ description: 'Unix seconds.' }),
  cpu_count: z.int(),
  cpu_used_pct: z.number(),
  mem_total: z.int().meta({ description: 'Bytes, as all of the following.' }),
  mem_used: z.int(),
  mem_cache: z.int(),
  mem_total_mib: z.int(),
  mem_used_mib: z.int(),
  disk_used: z.int(),
  disk_total: z.int(),
});

/** GET /metrics and /envs of envd. */
export const figureRoutes: FastifyPluginAsyncZod<Core> = async (app, { sandboxes, usage }) => {
  app.get('/metrics', { ...envdOperation({ response: { 200: metrics } }), exposeHeadRoute: false }, async (request) =>
    toMetrics(await usage.report(visitOf(request).ref)),
  );

  app.get(
    '/envs',
    {
      ...envdOperation({ response: { 200: z.record(z.string(), z.string()) } }),
      exposeHeadRoute: false,
    },
    async (request, reply) => {
      const how = { lease: 'file', isUse: false, thawsOnly: true } as const;
      const env = await sandboxes.use(visitOf(request).ref, how, async (access) => access.env ?? {});
      reply.header('Cache-Control', 'no-store');
      return env;
    },
  );
};

function toMetrics({
  atMs,
  cpus,
  cpuPercent,
  memoryBytes,
  cacheBytes,
  memoryLimitBytes,
  disk,
}: UsageReport): z.output<typeof metrics> {
  return {
    ts: Math.floor(atMs / 1000),
    cpu_count: Math.max(1, Math.ceil(cpus)),
    cpu_used_pct: cpuPercent,
    mem_total: memoryLimitBytes,
    mem_used: memoryBytes,
    mem_cache: cacheBytes,
    mem_total_mib: Math.floor(memoryLimitBytes / MIB),
    mem_used_mib: Math.floor(memoryBytes / MIB),
    disk_used: disk?.usedBytes ?? 0,
    disk_total: disk?.limitBytes ?? 0,
  };
}
