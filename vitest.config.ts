import { defineConfig } from 'vitest/config';

/** Takes from the whole machine for a moment what other tests need. */
const ALONE = 'test/integration/attacks/neighbours.test.ts';

/** Fills a disk as fast as it can, against a guard that needs its share of the CPU and of the machine's disk. */
const PRESSED = 'test/integration/disks/disk-pressure.test.ts';

/** Neither needs an engine nor leaves anything behind in its process, which the next file then finds loaded. */
const FAST = ['test/unit/**/*.test.ts', 'test/http/**/*.test.ts'];

/** Need an Incus that npm run incus has set up: npm run test:incus runs them, and the integration tests on it. */
const ON_INCUS = process.env.CLARA_TEST_ENGINE === 'incus' ? [] : ['test/incus/**'];

export default defineConfig({
  test: {
    // A machine that others keep busy takes several times as long.
    testTimeout: 180_000,
    hookTimeout: 120_000,
    // Below the time that a test has, so that its failure says what was awaited.
    expect: { poll: { timeout: 50_000 } },
    maxWorkers: 2,
    experimental: { fsModuleCache: true },
    // Not /tmp, which may be memory: a disk image there counts as memory of its sandbox.
    // What tests start through testcontainers they remove themselves, or the next run does, as its reaper is an image that must be
    // pulled; and they reach it by the name that Caddy's certificate is for.
    env: { TMPDIR: '/var/tmp', TESTCONTAINERS_RYUK_DISABLED: 'true', TESTCONTAINERS_HOST_OVERRIDE: 'localhost' },
    projects: [
      {
        extends: true,
        test: { name: 'fast', include: FAST, isolate: false, setupFiles: ['test/support/without-durability.ts'] },
      },
      {
        extends: true,
        test: {
          name: 'beside',
          include: ['test/**/*.test.ts'],
          exclude: [ALONE, PRESSED, ...FAST, ...ON_INCUS],
          globalSetup: ['test/support/firewall-cleanup.ts', 'test/support/plain-programs.ts'],
        },
      },
      { extends: true, test: { name: 'alone', include: [ALONE], sequence: { groupOrder: 1 } } },
      { extends: true, test: { name: 'pressed', include: [PRESSED], sequence: { groupOrder: 2 } } },
    ],
  },
});
