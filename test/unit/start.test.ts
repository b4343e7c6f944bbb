import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseSettings } from '../../src/config/config.ts';
import { startServer } from '../../src/start.ts';

const ROOT = new URL('../../', import.meta.url);

describe('a start on a folder whose sandboxes may run on an Incus that does not answer', () => {
  let dataDir: string;
  beforeEach(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'clara-start-'));
    await writeFile(join(dataDir, 'instance'), '0123456789ab');
    const incus = { remote: join(dataDir, 'former.sock'), project: 'clara-sandbox' };
    await writeFile(
      join(dataDir, 'engine.json'),
      JSON.stringify({ version: 1, engine: 'incus', used: ['incus'], incus }),
    );
  });
  afterEach(() => rm(dataDir, { recursive: true }));

  it.each([
    ['Docker', { SANDBOX_MODE: 'docker' }],
    ['another Incus', { SANDBOX_MODE: 'incus', INCUS_REMOTE: '/var/tmp/another-incus.sock' }],
  ])('is refused for %s', async (_what, variables) => {
    const settings = parseSettings({
      SANDBOX_API_KEY: 'key-for-these-tests',
      SANDBOX_DATA_DIR: dataDir,
      SANDBOX_DISK_MECHANISM: 'measure',
      ...variables,
    });
    const starting = startServer({ settings, loggerFor: () => pino({ level: 'silent' }), root: ROOT });
    await expect(starting).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining(join(dataDir, 'former.sock')),
    });
  });
});
