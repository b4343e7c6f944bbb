import { expect, it } from 'vitest';

const { judgeMemory } = await import(new URL('../../../scripts/lib/doctor/engine.mjs', import.meta.url).href);

const MACHINE = { MemTotal: 8 * 2 ** 30 };

it('what sandboxes may use is counted by the names that guides have for the limits too', () => {
  const guide = { DOCKER_SANDBOX_MEMORY: '2g', POOL_MAX_SIZE: '10' };
  expect(judgeMemory(MACHINE, guide)).toMatchObject({ level: 'warn', means: expect.stringContaining('use 20.0 GiB') });
  const own = { ...guide, SANDBOX_DOCKER_MEMORY: '1g', SANDBOX_MAX_CONTAINERS: '5' };
  expect(judgeMemory(MACHINE, own)).toMatchObject({ level: 'ok', means: expect.stringContaining('use 5.0 GiB') });
});
