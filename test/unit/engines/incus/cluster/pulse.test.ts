import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Pulse } from '../../../../../src/engines/incus/cluster/pulse.ts';

/** What clients are promised: calls to the sandboxes of a member that hangs are refused after so long, and calls to others go on. */
const REFUSED_MS = 2_000;
const OTHERS_MS = 800;

type Answer = 'at once' | 'never' | 'refused';

let answer: Answer;
let lost: number;
let pulse: Pulse;

async function ask(_isBack: boolean, deadlineMs: number): Promise<void> {
  if (answer === 'at once') return;
  if (answer === 'refused') throw new Error('connection refused');
  await new Promise((_resolve, reject) => setTimeout(() => reject(new Error('too long')), deadlineMs));
}

beforeEach(async () => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'setInterval', 'clearInterval', 'performance'] });
  [answer, lost] = ['at once', 0];
  pulse = new Pulse({
    ask,
    onLost: async () => {
      lost += 1;
    },
  });
  await vi.advanceTimersByTimeAsync(REFUSED_MS);
});

afterEach(() => {
  pulse.close();
  vi.useRealTimers();
});

const state = () => [pulse.isLate, pulse.isLost];

describe('a member of a cluster', () => {
  it('that answers is there', () => {
    expect([state(), lost]).toEqual([[false, false], 0]);
  });

  it('that hangs is lost in time, and whoever waits for it is told once', async () => {
    answer = 'never';
    await vi.advanceTimersByTimeAsync(REFUSED_MS);
    expect([state(), lost]).toEqual([[true, true], 1]);
    await vi.advanceTimersByTimeAsync(REFUSED_MS);
    expect(lost).toBe(1);
  });

  it('that hangs is not waited for where others know the same', async () => {
    const waited = pulse.whilePrompt(new Promise<never>(() => undefined));
    const refused = expect(waited).rejects.toMatchObject({ kind: 'unavailable' });
    answer = 'never';
    await vi.advanceTimersByTimeAsync(OTHERS_MS);
    await refused;
    expect(state()).toEqual([true, false]);
  });

  it('that refuses connections is lost sooner, and is back with its first answer', async () => {
    answer = 'refused';
    await vi.advanceTimersByTimeAsync(OTHERS_MS);
    expect([state(), lost]).toEqual([[true, true], 1]);
    answer = 'at once';
    await vi.advanceTimersByTimeAsync(OTHERS_MS);
    expect(state()).toEqual([false, false]);
  });

  it('is not judged by a moment in which this process stood still', async () => {
    answer = 'never';
    await vi.advanceTimersByTimeAsync(300);
    const nowMs = performance.now();
    const stood = vi.spyOn(performance, 'now').mockImplementation(() => nowMs + 60_000);
    await vi.advanceTimersByTimeAsync(300);
    expect(state()).toEqual([false, false]);
    stood.mockRestore();
  });

  it('keeps nobody who is answered before it is late', async () => {
    expect(await pulse.whilePrompt(Promise.resolve('here'))).toBe('here');
    await expect(pulse.whilePrompt(Promise.reject(new Error('no')))).rejects.toThrow('no');
  });
});
