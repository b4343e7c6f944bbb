import { once } from 'node:events';
import { describe, expect, it, vi } from 'vitest';
import { FRAME, type Frame, type FrameType } from '../../../../src/agent/wire/codec.ts';
import { FrameBudget, SharedFrameBudget } from '../../../../src/agent/wire/frame-budget.ts';
import { encodeFrame } from '../../../support/frames.ts';
import { hostileAgent } from '../../../support/hostile-agent.ts';

const framesOf = (count: number, type: FrameType = FRAME.PONG, length = 8) =>
  Array<Frame>(count).fill({ type, channel: 1, stream: 0, payload: Buffer.alloc(length) });

describe('an agent that floods', () => {
  it.each([
    ['small frames', 25_000, 8, FRAME.CREDIT, 100],
    ['JSON', 2, 1_000_000, FRAME.EVENT, 126],
    ['channels', 248, 2, FRAME.OPEN, 101],
    ['questions', 6_250, 8, FRAME.PING, 100],
    ['bytes under credit', 1_600, 65_536, FRAME.DATA, 0],
    // All in one read: it is paid for, be it read at once or not.
    ['many times its budget', 250_000, 8, FRAME.PONG, 1_000],
  ] as const)('with %s is weighed by what they cost', (_what, count, length, type, waitMs) => {
    const budget = new FrameBudget(new SharedFrameBudget());
    expect(budget.spend(framesOf(count, type, length), 1_000)).toBe(waitMs);
    expect(budget.spend([], 1_000 + waitMs)).toBe(0);
  });

  it('beside others is held back where all together are too much, and nobody who is modest', () => {
    const shared = new SharedFrameBudget();
    const [one, other, modest] = [new FrameBudget(shared), new FrameBudget(shared), new FrameBudget(shared)];
    expect(one.spend(framesOf(20_000), 1_000)).toBe(0);
    expect(other.spend(framesOf(20_000), 1_000)).toBe(0);
    expect(one.spend(framesOf(4_000), 1_000)).toBe(0);
    expect(other.spend(framesOf(10_000), 1_000)).toBe(120);
    expect(one.spend(framesOf(1), 1_000)).toBe(109);
    expect(modest.spend(framesOf(1_000), 1_000)).toBe(0);
    expect(one.spend(framesOf(1), 1_120)).toBe(0);
  });

  it('is not taken for one that hangs while nothing is taken from it', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const agent = hostileAgent();
      await agent.connection.hello;
      const call = agent.connection.open('run', {});
      const waits = once(agent.near, 'pause');
      agent.raw(Buffer.concat(Array.from({ length: 30_000 }, () => encodeFrame(FRAME.PONG, 0, 0, Buffer.alloc(8)))));
      await Promise.race([waits, agent.connection.closed]);
      vi.advanceTimersByTime(60_000);
      expect(agent.connection.isOpen).toBe(true);
      await once(agent.near, 'resume');
      vi.advanceTimersByTime(8_000);
      expect(await call.result.catch(({ code }) => code)).toBe('hung');
    } finally {
      vi.useRealTimers();
    }
  });
});
