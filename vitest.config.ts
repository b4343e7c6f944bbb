import { defineConfig } from 'vitest/config';

export default defineConfig({
  test: {
    include: ['test/**/*.test.ts'],
    testTimeout: 60_000,
    hookTimeout: 120_000,
    maxWorkers: 2,
    // Not /tmp, which may be memory: a disk image there counts as memory of its sandbox.
    env: { TMPDIR: '/var/tmp' },
  },
});
