import { AsyncLocalStorage } from 'node:async_hooks';
import { ROOT_CONTEXT, type Span, SpanKind, SpanStatusCode, trace } from '@opentelemetry/api';
import { OTLPTraceExporter } from '@opentelemetry/exporter-trace-otlp-http';
import { defaultResource, detectResources, envDetector, resourceFromAttributes } from '@opentelemetry/resources';
import { BasicTracerProvider, BatchSpanProcessor, type SpanExporter } from '@opentelemetry/sdk-trace-base';
import { isSandboxError } from '../../base/errors.ts';
import { parseTraceParent } from './trace-parent.ts';
import type { RequestTrace, Tracing, TracingConfig } from './tracing.ts';

/** How long the end of the server may wait for a collector, in milliseconds. */
const CLOSE_MS = 3_000;

/** How long a collector may take for one batch of spans, in milliseconds. */
const EXPORT_MS = 10_000;

/** The request that something is done for. */
interface Scope {
  readonly requestId: string;
  readonly span: Span;
}

/** Traces by the libraries of OpenTelemetry, sent by OTLP over HTTP, as JSON. */
export class OtlpTracing implements Tracing {
  readonly #scopes = new AsyncLocalStorage<Scope>();
  readonly #provider: BasicTracerProvider;
  readonly #tracer;
  readonly #onError: (error: unknown) => void;

  constructor({ url, headers, serviceName }: TracingConfig, version: string, onError: (error: unknown) => void) {
    this.#onError = onError;
    const named = resourceFromAttributes({ 'service.name': serviceName, 'service.version': version });
    const exporter = reporting(
      new OTLPTraceExporter({ url, headers: { ...headers }, timeoutMillis: EXPORT_MS }),
      onError,
    );
    this.#provider = new BasicTracerProvider({
      resource: defaultResource()
        .merge(detectResources({ detectors: [envDetector] }))
        .merge(named),
      spanProcessors: [new BatchSpanProcessor(exporter)],
    });
    this.#tracer = this.#provider.getTracer('clara-sandbox', version);
  }

  begin({ id, method, parent }: Parameters<Tracing['begin']>[0]): RequestTrace {
    const remote = parseTraceParent(parent);
    const context = remote ? trace.setSpanContext(ROOT_CONTEXT, remote) : ROOT_CONTEXT;
    const attributes = { 'http.request.method': method, request_id: id };
    const span = this.#tracer.startSpan(method, { kind: SpanKind.SERVER, attributes }, context);
    return {
      run: (work) => this.#scopes.run({ requestId: id, span }, work),
      end: ({ route, status }) => {
        if (route !== null) span.updateName(`${method} ${route}`).setAttribute('http.route', route);
        span.setAttribute('http.response.status_code', status);
        if (status >= 500) span.setStatus({ code: SpanStatusCode.ERROR });
        span.end();
      },
    };
  }

  readonly watchEngine: Tracing['watchEngine'] = (call) => this.#watch(`engine ${call}`)?.end ?? nothing;

  readonly watchAgent: Tracing['watchAgent'] = (operation) => this.#watch(`agent ${operation}`);

  async close(): Promise<void> {
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<void>((resolve) => {
      timer = setTimeout(() => {
        this.#onError(new Error('The collector of traces is slow: some were not sent.'));
        resolve();
      }, CLOSE_MS);
    });
    // What it could not send was told already.
    const sent = this.#provider.shutdown().catch(() => undefined);
    await Promise.race([sent, late]).finally(() => clearTimeout(timer));
  }

  /** Begins a span below that of the request; undefined where nothing is done for one. */
  #watch(name: string): ReturnType<Tracing['watchAgent']> {
    const scope = this.#scopes.getStore();
    if (!scope) return undefined;
    const { requestId } = scope;
    const options = { kind: SpanKind.CLIENT, attributes: { request_id: requestId } };
    const span = this.#tracer.startSpan(name, options, trace.setSpan(ROOT_CONTEXT, scope.span));
    return {
      requestId,
      end: (failure) => {
        // Never the message, which may tell of what users do.
        if (failure) span.setStatus({ code: SpanStatusCode.ERROR, message: kindOf(failure.cause) });
        span.end();
      },
    };
  }
}

/** The same exporter, that says what it could not send. */
function reporting(exporter: SpanExporter, onError: (error: unknown) => void): SpanExporter {
  return {
    export: (spans, done) =>
      exporter.export(spans, (result) => {
        if (result.error) onError(new Error('Traces could not be sent to their collector.', { cause: result.error }));
        done(result);
      }),
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => await exporter.forceFlush?.(),
  };
}

function kindOf(cause: unknown): string {
  return isSandboxError(cause) ? cause.kind : 'internal';
}

function nothing(): void {}
