import { describe, expect, it } from 'vitest';
import { toEngineStats } from '../../../../src/engines/docker/stats.ts';

const memory = { usage: 30_000_000, stats: { inactive_file: 10_000_000 } };
const cpu = { cpu_usage: { total_usage: 5 } };

describe("Docker's figures of a container", () => {
  it('are its memory without the file cache, and its CPU time', () => {
    const stats = { memory_stats: memory, cpu_stats: cpu };
    expect(toEngineStats(stats)).toEqual({
      memoryBytes: 20_000_000,
      cacheBytes: 10_000_000,
      cpuNanos: 5,
      processes: 0,
    });
    expect(toEngineStats({ ...stats, pids_stats: { current: 7 } })).toMatchObject({ processes: 7 });
  });

  it('leave out the file cache, whose name in cgroup v1 is another than in v2', () => {
    const reading = (stats: object) => toEngineStats({ memory_stats: { usage: 100, stats }, cpu_stats: cpu });
    expect(reading({ total_inactive_file: 30, inactive_file: 10 })).toMatchObject({ memoryBytes: 70, cacheBytes: 30 });
    expect(reading({ inactive_file: 40 })).toMatchObject({ memoryBytes: 60, cacheBytes: 40 });
  });

  it.each([
    ['no memory', { cpu_stats: cpu }],
    ['an empty memory', { memory_stats: {}, cpu_stats: cpu }],
    ['no CPU', { memory_stats: memory }],
    ['an empty CPU', { memory_stats: memory, cpu_stats: {} }],
    ['nothing at all', null],
  ])('with %s are those of one that does not run', (_what, stats) => {
    expect(() => toEngineStats(stats)).toThrow(expect.objectContaining({ kind: 'conflict' }));
  });
});
