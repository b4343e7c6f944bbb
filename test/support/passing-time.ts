import { vi } from 'vitest';
import { Ticker } from '../../src/async/ticker.ts';
import type { FakeClock } from './fake-app.ts';

/** One tick of a ticker, in milliseconds. */
const TICK_MS = 500;

/** The time of servers that are started after it began: it passes only where a test says so. */
export interface PassingTime {
  /** Lets `seconds` pass, and begins the passes that are due in them. */
  begin(clock: FakeClock, seconds: number): Promise<void>;
  /** The same, and waits until the passes are over. */
  pass(clock: FakeClock, seconds: number): Promise<void>;
  /** Gives the machine's timers back. */
  end(): void;
}

/** Takes the intervals of all tickers in hand. */
export function startPassingTime(): PassingTime {
  const running = new Set<Promise<void>>();
  const every = Ticker.prototype.every;
  const spy = vi.spyOn(Ticker.prototype, 'every').mockImplementation(function (this: Ticker, everyMs, pass, firstMs) {
    const watched = async () => {
      const under = pass();
      running.add(under);
      try {
        await under;
      } finally {
        running.delete(under);
      }
    };
    every.call(this, everyMs, watched, firstMs);
  });
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  const begin = async (clock: FakeClock, seconds: number) => {
    clock.nowMs += seconds * 1000;
    await vi.advanceTimersByTimeAsync(TICK_MS);
  };
  return {
    begin,
    pass: async (clock, seconds) => {
      await begin(clock, seconds);
      while (running.size > 0) await Promise.allSettled(running);
    },
    end: () => {
      vi.useRealTimers();
      spy.mockRestore();
    },
  };
}
