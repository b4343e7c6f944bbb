import { Counter, Gauge, Histogram, type Registry } from 'prom-client';

/** Of sessions, in seconds: from a minute to a week. */
const SESSION_SECONDS = [60, 300, 900, 3_600, 4 * 3_600, 86_400, 604_800];

/** How many sessions there are, and of these the active and the paused. */
export interface SessionCounts {
  readonly total: number;
  readonly active: number;
  readonly paused: number;
}

/** Of the release of a sandbox, in seconds. */
const RELEASE_SECONDS = [0.01, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10];

/** What happened to a session, with how long it was, or to a sandbox that was given back, with how long that took. */
type Noted =
  | { readonly type: 'created' }
  | { readonly type: 'deleted' | 'expired' | 'released'; readonly seconds: number };

/** The names that clients of the Cloud Sandbox API know, for sessions. */
export class SessionMetrics {
  readonly #created: Counter;
  readonly #deleted: Counter;
  readonly #seconds: Histogram;
  readonly #released: Histogram;
  readonly #registry: Registry;

  constructor(registry: Registry) {
    const registers = [registry];
    this.#registry = registry;
    this.#created = new Counter({ name: 'sessions_created_total', help: 'Sessions made.', registers });
    this.#deleted = new Counter({
      name: 'sessions_deleted_total',
      help: 'Sessions deleted by their users.',
      registers,
    });
    this.#seconds = new Histogram({
      ...{ name: 'session_duration_seconds', help: 'From the making of a session to its end.', registers },
      buckets: SESSION_SECONDS,
    });
    this.#released = new Histogram({
      ...{ name: 'sandbox_release_duration_seconds', help: 'Until a sandbox that was given back was gone.', registers },
      buckets: RELEASE_SECONDS,
    });
  }

  note(event: Noted): void {
    if (event.type === 'created') this.#created.inc();
    else if (event.type === 'released') this.#released.observe(event.seconds);
    else {
      if (event.type === 'deleted') this.#deleted.inc();
      this.#seconds.observe(event.seconds);
    }
  }

  /** Asks how many there are when somebody reads. */
  follow(counts: () => SessionCounts): void {
    const gauges: readonly (readonly [name: string, help: string, read: (counts: SessionCounts) => number])[] = [
      ['sessions_total', 'Sessions, those too that have expired and can still be seen.', ({ total }) => total],
      ['sessions_active', 'Sessions that are active.', ({ active }) => active],
      ['sessions_paused', 'Sessions that are paused.', ({ paused }) => paused],
    ];
    for (const [name, help, read] of gauges) {
      new Gauge({
        ...{ name, help, registers: [this.#registry] },
        collect() {
          this.set(read(counts()));
        },
      });
    }
  }
}
