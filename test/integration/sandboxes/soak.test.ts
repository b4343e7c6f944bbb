import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { FAULTS } from '../../../soak/faults.ts';
import { soak } from '../../../soak/soak.ts';
import { removeAll } from '../../support/real-server.ts';
import { NO_TRACES } from '../../support/traces.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0)) await close();
});

describe('a short soak', () => {
  it('in all APIs and with faults has no wrong answer, shows nobody a sandbox of others, loses no write that was acknowledged, and leaks nothing', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'clara-soak-'));
    closers.push(() => removeAll(dataDir));
    const result = await soak({ dataDir, seconds: 60, sandboxes: 34, guests: 2, concurrency: 4, seed: 20260101 });
    const { mistakes, wrongAnswers, lostWrites, leaks } = result;
    expect({ mistakes, wrongAnswers, lostWrites, leaks }).toEqual({
      mistakes: [],
      wrongAnswers: 0,
      lostWrites: 0,
      leaks: NO_TRACES,
    });
    expect(Object.keys(result.faults).sort()).toEqual([...FAULTS].sort());
    expect(result.requests).toBeGreaterThan(result.refused);
  }, 900_000);
});
