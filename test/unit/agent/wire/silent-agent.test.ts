import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { runProgram } from '../../../../src/agent/calls/run.ts';
import { FRAME } from '../../../../src/agent/wire/codec.ts';
import { hostileAgent } from '../../../support/hostile-agent.ts';

const RUN = { timeoutMs: 1000, deadlineMs: 60_000, capture: { headBytes: 1000, tailBytes: 1000 } };

const settled = (promise: Promise<unknown>) =>
  promise.then(
    () => 'resolved',
    (error: { code?: string }) => error.code ?? 'rejected',
  );

/** Resolves once all that was written in memory has been delivered. */
const delivered = () => new Promise((resolve) => setImmediate(resolve));

describe('an agent that is frozen with its sandbox', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval', 'setTimeout', 'clearTimeout', 'performance'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is not given up, and has the rest of its time when it is thawed', async () => {
    const agent = hostileAgent();
    await agent.connection.hello;
    agent.far.on('data', (chunk: Buffer) => {
      if (chunk.includes('clara-up')) agent.frame(FRAME.PONG, 0, Buffer.from('clara-up'));
    });
    const run = runProgram(agent.connection, { program: 'argv', argv: ['true'] }, { ...RUN, deadlineMs: 60_000 });
    const outcome = settled(run);
    const pass = async (seconds: number) => {
      for (let second = 0; second < seconds; second += 1) {
        vi.advanceTimersByTime(1_000);
        await delivered();
      }
    };
    await pass(10);
    agent.connection.freezes.isFrozen = true;
    await pass(500);
    agent.connection.freezes.isFrozen = false;
    await pass(45);
    expect(agent.connection.isOpen).toBe(true);
    await pass(10);
    expect(await outcome).toBe('hung');
  });
});

describe('an agent that has stopped', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('is given up after eight seconds of silence while a call waits', async () => {
    const { connection } = hostileAgent();
    await connection.hello;
    const channel = connection.open('run', {});
    vi.advanceTimersByTime(7_000);
    expect(connection.isOpen).toBe(true);
    vi.advanceTimersByTime(1_000);
    expect(await settled(channel.result)).toBe('hung');
  });

  it('is asked first, and a long silent run goes on where it answers', async () => {
    const agent = hostileAgent();
    await agent.connection.hello;
    agent.far.on('data', (chunk: Buffer) => {
      if (chunk.includes('clara-up')) agent.frame(FRAME.PONG, 0, Buffer.from('clara-up'));
    });
    const channel = agent.connection.open('run', {});
    for (let second = 0; second < 300; second += 1) {
      vi.advanceTimersByTime(1_000);
      await delivered();
    }
    agent.frame(FRAME.RESULT, channel.id, { done: true });
    expect(await channel.result).toEqual({ done: true });
  });

  it('is left alone while nobody waits for it', async () => {
    const { connection, frame } = hostileAgent();
    await connection.hello;
    const channel = connection.open('stat', {});
    frame(FRAME.RESULT, channel.id, {});
    await channel.result;
    vi.advanceTimersByTime(3_600_000);
    expect(connection.isOpen).toBe(true);
    expect(vi.getTimerCount()).toBe(0);
  });
});
