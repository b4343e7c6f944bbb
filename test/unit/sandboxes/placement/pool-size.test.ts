import { beforeEach, describe, expect, it } from 'vitest';
import { PoolSize } from '../../../../src/sandboxes/placement/pool-size.ts';

const GIB = 2 ** 30;

let nowMs = 0;
let availableBytes = 16 * GIB;

beforeEach(() => {
  nowMs = 0;
  availableBytes = 16 * GIB;
});

const clock = { wallMs: () => nowMs, monotonicMs: () => nowMs };
const poolSize = (wanted: number | 'auto') => new PoolSize({ wanted, clock, availableBytes: () => availableBytes });

function ask(size: PoolSize, count: number, everyMs = 0): void {
  for (let asked = 0; asked < count; asked += 1) {
    size.note();
    nowMs += everyMs;
  }
}

describe('a pool of a fixed size', () => {
  it.each([0, 3])('wants %d whatever is asked for', (wanted) => {
    const size = poolSize(wanted);
    ask(size, 20);
    expect(size.target(0)).toBe(wanted);
    expect(size.isPooling).toBe(wanted > 0);
    expect(size.changes).toBe(false);
  });
});

describe('a pool that follows the demand', () => {
  it('wants two where nobody has asked', () => {
    expect(poolSize('auto').target(0)).toBe(2);
  });

  it('wants as many as the largest burst of the last ten minutes, then two again', () => {
    const size = poolSize('auto');
    ask(size, 20, 100);
    nowMs += 60_000;
    ask(size, 5);
    expect(size.target(2)).toBe(20);
    nowMs += 541_000;
    expect(size.target(20)).toBe(5);
    nowMs += 60_000;
    expect(size.target(5)).toBe(2);
  });

  it('takes what is asked for one at a time for no burst', () => {
    const size = poolSize('auto');
    ask(size, 50, 10_000);
    expect(size.target(0)).toBe(2);
  });

  it('wants no more than a quarter of the memory that would be free without it, and never less than two', () => {
    const size = poolSize('auto');
    ask(size, 20);
    availableBytes = GIB;
    expect(size.target(0)).toBe(8);
    availableBytes = GIB - 8 * 32 * 2 ** 20;
    expect(size.target(8)).toBe(8);
    availableBytes = 0;
    expect(size.target(0)).toBe(2);
  });

  it('is bounded, as is what it remembers', () => {
    const size = poolSize('auto');
    availableBytes = 64 * GIB;
    ask(size, 100_000);
    expect(size.target(0)).toBe(200);
  });
});
