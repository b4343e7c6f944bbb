import { Counter, collectDefaultMetrics, Histogram, Registry } from 'prom-client';
import type { CoreEvent, CoreEvents } from './core-events.ts';
import { FileMetrics } from './file-metrics.ts';
import { type MeasuredFigures, type Population, registerFigures, registerPopulation } from './gauges.ts';
import { SessionMetrics } from './session-metrics.ts';
import type { CallWatcher } from './watched-calls.ts';

/** Of a call over HTTP, in seconds: from a small one to the longest that is no stream. */
const CALL_SECONDS = [0.002, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 120, 300];

/** Of answers, in bytes. */
const SIZE_BYTES = [256, 1024, 4096, 16_384, 65_536, 262_144, 1_048_576, 16_777_216, 268_435_456];

/** The resource that an alert is about. */
const VIOLATED: Readonly<Record<string, string>> = {
  cpu_high: 'cpu',
  memory_high: 'memory',
  oom: 'memory',
  disk_high: 'disk',
};

/** A request that was answered. */
export interface MeasuredRequest {
  readonly method: string;
  /** The pattern of its route; null where it has none. */
  readonly route: string | null;
  readonly status: number;
  readonly seconds: number;
  /** Null where it is not known, as of streams. */
  readonly bytes: number | null;
}

/** A connection of a sandbox that is over. */
export interface MeasuredConnection {
  readonly verdict: string;
  readonly sentBytes: number;
  readonly receivedBytes: number;
}

interface FollowedCore {
  readonly events: CoreEvents;
  readonly population: () => Promise<Population>;
  readonly sampler: MeasuredFigures & { onRoundTrip: (ms: number) => void };
}

/** What Prometheus reads: each name with labels of a bounded number, none of them a user's. */
export class Metrics {
  readonly #registry = new Registry();
  #isRead = false;
  #refresh = async (): Promise<void> => undefined;
  readonly #requests = this.#counter('http_requests_total', 'Requests answered.', ['method', 'path', 'status']);
  readonly #requestSeconds = this.#histogram(
    'http_request_duration_seconds',
    'From a request to the end of its answer.',
    ['method', 'path'],
  );
  readonly #answerBytes = this.#histogram(
    'http_response_size_bytes',
    'Size of answers that say theirs.',
    ['path'],
    SIZE_BYTES,
  );
  readonly #runs = this.#counter('executions_total', 'Runs that ended.', ['language', 'status']);
  readonly #runSeconds = this.#histogram('execution_duration_seconds', 'How long runs took.', ['language']);
  readonly #runErrors = this.#counter('execution_errors_total', 'Runs that ended otherwise than with exit code 0.', [
    'error_type',
  ]);
  readonly #acquireSeconds = this.#histogram(
    'sandbox_acquire_duration_seconds',
    'From the wish for a sandbox that does not run to one that does.',
    ['how'],
  );
  readonly #poolHits = this.#counter('clara_pool_hits_total', 'Sandboxes taken from the pool.', []);
  readonly #poolMisses = this.#counter(
    'clara_pool_misses_total',
    'Sandboxes started as the pool had none for them.',
    [],
  );
  readonly #changes = this.#counter('clara_sandbox_state_changes_total', 'Changes of state.', ['to']);
  readonly #events = this.#counter('clara_sandbox_events_total', 'Evictions, heals, kills, failed starts and ends.', [
    'event',
  ]);
  readonly #uses = this.#counter('clara_sandbox_uses_total', 'Uses of sandboxes that are over.', ['lease', 'error']);
  readonly #outOfMemory = this.#counter('clara_oom_kills_total', 'Runs that were ended for their memory.', []);
  readonly #engineSeconds = this.#histogram('clara_engine_call_duration_seconds', 'Calls to the engine.', ['call']);
  readonly #engineErrors = this.#counter('clara_engine_call_errors_total', 'Calls to the engine that failed.', [
    'call',
  ]);
  readonly #agentSeconds = this.#histogram(
    'clara_agent_round_trip_seconds',
    'A question to the agent of a sandbox that runs, and its answer.',
    [],
    [0.000_25, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.05, 0.25, 1],
  );

  readonly #alerts = this.#counter('sandbox_alerts_total', 'Alerts of sandboxes.', ['type']);
  readonly #violations = this.#counter(
    'sandbox_resource_violations_total',
    'Sandboxes that came near the limit of a resource, or reached it.',
    ['resource'],
  );
  readonly #connections = this.#counter('clara_egress_connections_total', 'Connections of sandboxes that are over.', [
    'verdict',
  ]);
  /** Of the sessions of users. */
  readonly sessions = new SessionMetrics(this.#registry);
  /** Of what is done with files. */
  readonly files = new FileMetrics(this.#registry);
  readonly #egressBytes = this.#counter('clara_egress_bytes_total', 'Bytes of these connections.', ['direction']);

  /** Counts what the core says, and asks it for its sandboxes and their last figures when somebody reads. */
  follow({ events, population, sampler }: FollowedCore): void {
    events.subscribe((event) => this.#note(event));
    this.#refresh = registerPopulation(this.#registry, population);
    registerFigures(this.#registry, sampler);
    sampler.onRoundTrip = (ms) => this.#agentSeconds.observe(ms / 1000);
  }

  /** The text that Prometheus reads, and its media type. */
  async read(): Promise<{ readonly text: string; readonly type: string }> {
    // What watches the process itself costs a little, and nothing where nobody reads.
    if (!this.#isRead) collectDefaultMetrics({ register: this.#registry });
    this.#isRead = true;
    await this.#refresh();
    return { text: await this.#registry.metrics(), type: this.#registry.contentType };
  }

  noteRequest({ method, route, status, seconds, bytes }: MeasuredRequest): void {
    const path = route ?? 'none';
    this.#requests.inc({ method, path, status });
    this.#requestSeconds.observe({ method, path }, seconds);
    if (bytes !== null) this.#answerBytes.observe({ path }, bytes);
  }

  /** Counts the calls to an engine, each when it is over. */
  readonly watchEngine: CallWatcher = (call) => {
    const startedAtMs = performance.now();
    return (failure) => {
      this.#engineSeconds.observe({ call }, (performance.now() - startedAtMs) / 1000);
      if (failure) this.#engineErrors.inc({ call });
    };
  };

  /** A connection of a sandbox to the outside that is over. */
  noteConnection({ verdict, sentBytes, receivedBytes }: MeasuredConnection): void {
    this.#connections.inc({ verdict });
    this.#egressBytes.inc({ direction: 'sent' }, sentBytes);
    this.#egressBytes.inc({ direction: 'received' }, receivedBytes);
  }

  #note(event: CoreEvent): void {
    switch (event.type) {
      case 'state':
        this.#changes.inc({ to: event.to });
        break;
      case 'up':
        this.#acquireSeconds.observe({ how: event.how }, event.tookMs / 1000);
        if (event.how === 'claim') this.#poolHits.inc();
        if (event.how === 'start') this.#poolMisses.inc();
        break;
      case 'use':
        this.#uses.inc({ lease: event.lease, error: event.error ?? 'none' });
        break;
      case 'run':
        this.#runs.inc({ language: event.language, status: event.ending === 'ok' ? 'success' : 'failure' });
        this.#runSeconds.observe({ language: event.language }, event.tookMs / 1000);
        if (event.ending !== 'ok') this.#runErrors.inc({ error_type: event.ending });
        if (event.ending === 'oom') this.#outOfMemory.inc();
        break;
      case 'alert':
        this.#alerts.inc({ type: event.alert });
        this.#violate(VIOLATED[event.alert]);
        break;
      default:
        this.#events.inc({ event: event.type });
    }
  }

  #violate(resource: string | undefined): void {
    if (resource !== undefined) this.#violations.inc({ resource });
  }

  #counter<L extends string>(name: string, help: string, labelNames: readonly L[]): Counter<L> {
    return new Counter({ name, help, labelNames, registers: [this.#registry] });
  }

  #histogram<L extends string>(
    name: string,
    help: string,
    labelNames: readonly L[],
    buckets = CALL_SECONDS,
  ): Histogram<L> {
    return new Histogram({ name, help, labelNames, buckets, registers: [this.#registry] });
  }
}
