import { mkdtemp, readFile, realpath } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { removeAll } from '../../support/real-server.ts';
import { startRefused } from '../../support/refused-start.ts';
import { startServerProcess } from '../../support/server-process.ts';

it('a first start that a setting ended does not have the next one look for another engine', async () => {
  const dataDir = await realpath(await mkdtemp(join(tmpdir(), 'clara-first-')));
  const nowhere = join(dataDir, 'absent.sock');
  const variables = {
    SANDBOX_MODE: 'incus',
    INCUS_REMOTE: nowhere,
    DOCKER_HOST: `unix://${nowhere}`,
    SANDBOX_DATA_DIR: dataDir,
    SANDBOX_DISK_MECHANISM: 'measure',
  };
  try {
    const { code, sentence } = await startRefused({ ...variables, SANDBOX_NETWORK: 'bridge' });
    expect([code, sentence]).toEqual([1, expect.stringContaining('SANDBOX_NETWORK=bridge does not work on Incus')]);
    const server = await startServerProcess(variables);
    await server.end('SIGTERM');
    const note: unknown = JSON.parse(await readFile(join(dataDir, 'engine.json'), 'utf8'));
    const incus = { remote: nowhere, project: 'clara-sandbox' };
    expect(note).toEqual({ version: 1, engine: 'incus', used: ['incus'], incus });
  } finally {
    await removeAll(dataDir);
  }
});
