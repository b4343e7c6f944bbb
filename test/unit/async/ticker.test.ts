import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDeferred } from '../../../src/async/deferred.ts';
import { Ticker } from '../../../src/async/ticker.ts';
import { FakeClock } from '../../support/fake-app.ts';

let clock: FakeClock;
let errors: unknown[];
let ticker: Ticker;

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  clock = new FakeClock();
  errors = [];
  ticker = new Ticker(clock, (error) => errors.push(error));
});

afterEach(async () => {
  await ticker.close();
  vi.useRealTimers();
});

async function pass(milliseconds: number): Promise<void> {
  clock.nowMs += milliseconds;
  await vi.advanceTimersByTimeAsync(500);
}

describe('a ticker', () => {
  it('runs each pass at its own interval, from its first on', async () => {
    const runs: string[] = [];
    ticker.every(5_000, async () => void runs.push('slow'));
    ticker.every(1_000, async () => void runs.push('fast'), 0);
    ticker.start();
    expect(runs).toEqual(['fast']);
    await pass(1_000);
    expect(runs).toEqual(['fast', 'fast']);
    await pass(4_000);
    expect(runs).toEqual(['fast', 'fast', 'slow', 'fast']);
  });

  it('never runs a pass twice at the same time, and a slow one holds up no other', async () => {
    const slow = createDeferred<void>();
    let begun = 0;
    let others = 0;
    ticker.every(1_000, () => {
      begun += 1;
      return slow.promise;
    });
    ticker.every(1_000, async () => {
      others += 1;
    });
    ticker.start();
    await pass(1_000);
    await pass(1_000);
    expect([begun, others]).toEqual([1, 2]);
    slow.resolve();
    await pass(1_000);
    expect(begun).toBe(2);
  });

  it('reports what a pass throws and goes on', async () => {
    const error = new Error('not now');
    let runs = 0;
    ticker.every(1_000, async () => {
      runs += 1;
      throw error;
    });
    ticker.start();
    await pass(1_000);
    await pass(1_000);
    expect(errors).toEqual([error, error]);
    expect(runs).toBe(2);
  });

  it('that is closed waits for the pass under way and begins no other', async () => {
    const slow = createDeferred<void>();
    let runs = 0;
    ticker.every(1_000, () => {
      runs += 1;
      return slow.promise;
    });
    ticker.start();
    await pass(1_000);
    let isClosed = false;
    const closing = ticker.close().then(() => {
      isClosed = true;
    });
    await Promise.resolve();
    expect(isClosed).toBe(false);
    slow.resolve();
    await closing;
    await pass(10_000);
    expect(runs).toBe(1);
  });
});
