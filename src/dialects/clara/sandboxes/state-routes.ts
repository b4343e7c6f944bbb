import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { type StreamEvent, sendEvents } from '../../../http/streams/events.ts';
import { acceptedFormat } from '../../../http/streams/format.ts';
import type { UsageReport } from '../../../sandboxes/usage-report.ts';
import { type Core, refOf } from '../../dialect.ts';
import { sandboxOperation } from '../operation.ts';
import { sandboxInfo } from './info-schema.ts';
import { toSandboxInfo, toUsage } from './mapping.ts';
import * as schemas from './state-schemas.ts';

/** The native dialect: whether a sandbox is frozen, and what it takes. */
export const stateRoutes: FastifyPluginAsyncZod<Core> = async (app, { settings, usage }) => {
  app.post(
    '/sandbox/:user_id/pause',
    sandboxOperation(
      'sandbox',
      'pauseSandbox',
      'Freeze a sandbox with its memory, until it is resumed or used',
      { 200: sandboxInfo },
      { querystring: schemas.noQuery, body: schemas.noBody },
    ),
    async (request) => toSandboxInfo(await settings.pause(refOf(request))),
  );

  app.post(
    '/sandbox/:user_id/resume',
    sandboxOperation(
      'sandbox',
      'resumeSandbox',
      'Make a sandbox run that is paused or stopped',
      { 200: sandboxInfo },
      { querystring: schemas.noQuery, body: schemas.noBody },
    ),
    async (request) => toSandboxInfo(await settings.resume(refOf(request))),
  );

  app.get(
    '/sandbox/:user_id/usage',
    {
      ...sandboxOperation(
        'sandbox',
        'getUsage',
        'What a sandbox takes, once or as a stream',
        { 200: schemas.usageInfo },
        { querystring: schemas.usageQuery },
      ),
      exposeHeadRoute: false,
    },
    async (request, reply) => {
      const format = acceptedFormat(request.headers.accept);
      if (format === null) return toUsage(await usage.report(refOf(request)));
      const signal = AbortSignal.any([disconnectSignal(reply), request.server.closing]);
      const reports = usage.watch(refOf(request), request.query.interval * 1000, signal);
      return await sendEvents(reply, format, toEvents(reports));
    },
  );
};

async function* toEvents(reports: AsyncIterable<UsageReport>): AsyncGenerator<StreamEvent> {
  let id = 0;
  for await (const report of reports) {
    id += 1;
    yield { id, event: 'usage', data: toUsage(report) };
  }
}
