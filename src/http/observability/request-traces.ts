import type { FastifyInstance } from 'fastify';
import type { RequestTrace, Tracing } from '../../observability/tracing/tracing.ts';

/** Where requests are traced. */
export type RequestTracer = Pick<Tracing, 'begin'>;

/** Traces each request from its head to the end of its connection or answer. */
export function traceRequests(app: FastifyInstance, tracer: RequestTracer): void {
  const traces = new WeakMap<object, RequestTrace>();
  app.addHook('onRequest', (request, reply, done) => {
    const { traceparent } = request.headers;
    const parent = typeof traceparent === 'string' ? traceparent : undefined;
    const trace = tracer.begin({ id: request.id, method: request.method, parent });
    traces.set(request, trace);
    reply.raw.once('close', () => {
      trace.end({ route: request.routeOptions.url ?? null, status: reply.statusCode });
    });
    done();
  });
  // What is done before is done with the body's own events, which know nothing of it.
  app.addHook('preValidation', (request, _reply, done) => {
    const trace = traces.get(request);
    if (trace) trace.run(done);
    else done();
  });
}
