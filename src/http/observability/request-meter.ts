import type { FastifyInstance } from 'fastify';
import type { MeasuredRequest } from '../../observability/metrics.ts';

/** Told of each request whose answer is over. */
export interface RequestMeter {
  noteRequest(request: MeasuredRequest): void;
}

/** Tells a meter of requests, by the pattern of its route. */
export function meterRequests(app: FastifyInstance, meter: RequestMeter): void {
  // Not asynchronous: the line of the log is written behind it, and must not meet the end of the connection on the way.
  app.addHook('onResponse', (request, reply, done) => {
    const length = Number(reply.getHeader('content-length'));
    meter.noteRequest({
      method: request.method,
      route: request.routeOptions.url ?? null,
      status: reply.statusCode,
      seconds: reply.elapsedTime / 1000,
      bytes: Number.isNaN(length) ? null : length,
    });
    done();
  });
}
