import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { type Core, refOf } from '../../dialect.ts';
import { toMoment } from '../fields.ts';
import { sandboxOperation } from '../operation.ts';
import { toAlert, toFigures, toMetrics } from './mapping.ts';
import * as schemas from './schemas.ts';

/** The manager: what a sandbox says and takes. */
export const observationRoutes: FastifyPluginAsyncZod<Core> = async (app, options) => {
  const { sandboxes, logs, alerts, clock } = options;

  app.get(
    '/sandboxes/:sandbox_id/logs',
    sandboxOperation('observation', 'getLogs', 'What the main process wrote and what happened, oldest first', {
      querystring: schemas.logsQuery,
      response: { 200: schemas.logs },
    }),
    async (request) => {
      const { since } = request.query;
      const sinceMs = since === undefined ? 0 : (schemas.toSinceMs(since, clock.wallMs()) ?? 0);
      const lines = await logs.read(refOf(request), sinceMs);
      return {
        logs: lines.map(({ atMs, source, level, message }) => ({
          timestamp: toMoment(atMs),
          log_type: source,
          level,
          message,
        })),
      };
    },
  );

  app.get(
    '/sandboxes/:sandbox_id/metrics',
    sandboxOperation('observation', 'getMetrics', 'What a sandbox takes now', { response: { 200: schemas.metrics } }),
    async (request) => toMetrics(await sandboxes.status(refOf(request)), clock.wallMs()),
  );

  app.get(
    '/sandboxes/:sandbox_id/alerts',
    sandboxOperation('observation', 'getAlerts', 'What somebody should look at, oldest first', {
      querystring: schemas.alertsQuery,
      response: { 200: schemas.alerts },
    }),
    async (request) => {
      const { resolved } = request.query;
      const all = (await alerts.list(refOf(request))).map(toAlert);
      const isWanted = resolved === undefined ? null : /^(?:true|1)$/i.test(resolved);
      return { alerts: isWanted === null ? all : all.filter((one) => one.resolved === isWanted) };
    },
  );

  for (const [url, id] of [
    ['/metrics/:sandbox_id', 'getFigures'],
    ['/sandboxes/:sandbox_id/stats', 'getStats'],
  ] as const) {
    app.get(
      url,
      sandboxOperation('observation', id, 'The same in few words', { response: { 200: schemas.figures } }),
      async (request) => toFigures(await sandboxes.status(refOf(request))),
    );
  }
};
