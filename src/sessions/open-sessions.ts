import type { Clock } from '../async/clock.ts';
import { Ticker } from '../async/ticker.ts';
import type { Config } from '../config/config.ts';
import type { SessionCounts } from '../observability/session-metrics.ts';
import type { Images } from '../sandboxes/images.ts';
import type { Sandboxes } from '../sandboxes/sandboxes.ts';
import type { Settings } from '../sandboxes/settings.ts';
import { Loans } from './loans.ts';
import { statusOf } from './session.ts';
import { SessionStore } from './session-store.ts';
import { type SessionEvent, Sessions } from './sessions.ts';

/** Between two looks which sessions are over, in milliseconds. */
const PASS_MS = 10_000;

/** How long one that has expired can still be seen, in milliseconds. */
const KEPT_MS = 24 * 3_600_000;

interface OpenParts {
  readonly sandboxes: Sandboxes;
  readonly settings: Settings;
  readonly images: Images;
  readonly config: Config;
  readonly clock: Clock;
  readonly onEvent: (event: SessionEvent) => void;
  readonly onError: (error: unknown) => void;
}

/** What users work in for a time, and the sandboxes that they acquire. */
export interface SessionRoom {
  readonly sessions: Sessions;
  readonly loans: Loans;
  counts(): SessionCounts;
  /** Begins to look after those that are over. */
  start(): void;
  /** Resolves when all is on disk. */
  close(): Promise<void>;
}

/** Opens the sessions of the data folder. */
export async function openSessions({ onError, ...parts }: OpenParts): Promise<SessionRoom> {
  const { config, clock, onEvent } = parts;
  const store = await SessionStore.open(config.dataDir, onError);
  const sessions = new Sessions({ ...parts, store });
  const told = new Set<string>();
  for (const session of store.all()) if (statusOf(session, clock.wallMs()) === 'expired') told.add(session.id);

  const pass = async () => {
    const nowMs = clock.wallMs();
    for (const session of [...store.all()].filter((each) => statusOf(each, nowMs) === 'expired')) {
      if (!told.has(session.id)) {
        onEvent({ type: 'expired', seconds: (session.expiresAtMs - session.createdAtMs) / 1000 });
      }
      told.add(session.id);
      if (nowMs < session.expiresAtMs + KEPT_MS) continue;
      await store.remove(session.id);
      told.delete(session.id);
    }
    await store.flush();
  };
  const ticker = new Ticker(clock, onError);
  ticker.every(PASS_MS, pass);

  return {
    sessions,
    loans: new Loans({ ...parts, store, sessions }),
    counts: () => {
      const states = [...store.all()].map((session) => statusOf(session, clock.wallMs()));
      const count = (wanted: string) => states.filter((status) => status === wanted).length;
      return { total: states.length, active: count('active'), paused: count('paused') };
    },
    start: () => ticker.start(),
    close: async () => {
      await ticker.close();
      await store.flush().catch(onError);
    },
  };
}
