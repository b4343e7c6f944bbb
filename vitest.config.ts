import { defineConfig } from 'vitest/config';

/** Takes from the whole machine for a moment what other tests need. */
const ALONE = 'test/integration/attacks-neighbours.test.ts';

/** Neither needs an engine nor leaves anything behind in its process, which the next file then finds loaded. */
const FAST = ['test/unit/**/*.test.ts', 'test/http/**/*.test.ts'];

export default defineConfig({
  test: {
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // Not /tmp, which may be memory: a disk image there counts as memory of its sandbox.
    env: { TMPDIR: '/var/tmp' },
    projects: [
      { extends: true, test: { name: 'fast', include: FAST, isolate: false } },
      {
        extends: true,
        test: {
          name: 'beside',
          include: ['test/**/*.test.ts'],
          exclude: [ALONE, ...FAST],
          globalSetup: ['test/support/firewall-cleanup.ts'],
        },
      },
      { extends: true, test: { name: 'alone', include: [ALONE], sequence: { groupOrder: 1 } } },
    ],
  },
});
