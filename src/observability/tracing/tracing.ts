import type { CallWatcher } from '../watched-calls.ts';

/** What a request is traced with, from its head to the end of its answer. */
export interface RequestTrace {
  /** Does what follows as part of the request. */
  run(work: () => void): void;
  /** Ends the span of the request. */
  end(answer: { readonly route: string | null; readonly status: number }): void;
}

/** A call to an agent that is under way. */
interface TracedCall {
  readonly requestId: string;
  readonly end: ReturnType<CallWatcher>;
}

/** Tells a collector what requests do; absent where nobody asked for that, so that it costs nothing. */
export interface Tracing {
  /** `parent` is the header `traceparent` of the request, if it has one. */
  begin(request: { readonly id: string; readonly method: string; readonly parent: string | undefined }): RequestTrace;
  /** Watches the calls to the engine that requests make. */
  readonly watchEngine: CallWatcher;
  /** Watches a call to an agent; undefined where no request makes it. */
  readonly watchAgent: (operation: string) => TracedCall | undefined;
  /** Sends what was not sent yet, within a few seconds. */
  close(): Promise<void>;
}

/** Where traces go, by the standard variables. */
export interface TracingConfig {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly serviceName: string;
}
