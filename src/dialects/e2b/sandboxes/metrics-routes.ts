import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import type { PastUsage, SandboxSize } from '../../../sandboxes/tenancies.ts';
import { type Core, principalOf, refOf } from '../../dialect.ts';
import { NAMESPACE, operation, sandboxOperation } from '../operation.ts';
import * as schemas from './schemas.ts';

/** E2B: what sandboxes take of the machine, and what they log, which is nothing here. */
export const metricsRoutes: FastifyPluginAsyncZod<Core> = async (app, { tenancies }) => {
  app.get(
    '/sandboxes/:sandboxID/metrics',
    sandboxOperation('sandboxes', 'getMetrics', 'What a sandbox has taken of the machine of late, oldest first', {
      querystring: schemas.metricsQuery,
      response: { 200: schemas.metrics },
    }),
    async (request) => {
      const tenancy = await tenancies.get(refOf(request));
      const { start = 0, end = Number.POSITIVE_INFINITY } = request.query;
      const past = tenancies.usageOf(tenancy).filter(({ atMs }) => atMs >= start * 1000 && atMs <= (end + 1) * 1000);
      return past.map((usage) => toMetric(usage, tenancies.sizeOf(tenancy)));
    },
  );

  app.get(
    '/sandboxes/metrics',
    operation('sandboxes', 'getLastMetrics', 'What several sandboxes took last', {
      querystring: schemas.lastMetricsQuery,
      response: { 200: schemas.lastMetrics },
    }),
    async (request) => {
      const { name } = principalOf(request);
      const ids = new Set([request.query.sandbox_ids].flat().flatMap((text) => text.split(',')));
      const own = (await tenancies.all(NAMESPACE)).filter(
        ({ createdBy, address }) => createdBy === name && ids.has(address.id),
      );
      const last = own.flatMap((tenancy) => {
        const usage = tenancies.usageOf(tenancy).at(-1);
        return usage ? [[tenancy.address.id, toMetric(usage, tenancies.sizeOf(tenancy))] as const] : [];
      });
      return { sandboxes: Object.fromEntries(last) };
    },
  );

  app.get(
    '/sandboxes/:sandboxID/logs',
    sandboxOperation('sandboxes', 'getLogs', 'What a sandbox has logged', { response: { 200: schemas.logs } }),
    async (request) => {
      await tenancies.get(refOf(request));
      return { logs: [], logEntries: [] };
    },
  );

  app.get(
    '/v2/sandboxes/:sandboxID/logs',
    sandboxOperation('sandboxes', 'getLogsV2', 'What a sandbox has logged', { response: { 200: schemas.logsV2 } }),
    async (request) => {
      await tenancies.get(refOf(request));
      return { logs: [] };
    },
  );
};

function toMetric(usage: PastUsage, size: SandboxSize): z.output<typeof schemas.metrics>[number] {
  return {
    timestamp: new Date(usage.atMs).toISOString(),
    timestampUnix: Math.floor(usage.atMs / 1000),
    cpuCount: size.cpus,
    cpuUsedPct: Math.round(usage.cpuPercent * 100) / 100,
    memUsed: usage.memoryBytes,
    memTotal: size.memoryBytes,
    memCache: usage.cacheBytes,
    diskUsed: usage.diskBytes,
    diskTotal: size.diskBytes,
  };
}
