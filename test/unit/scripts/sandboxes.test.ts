import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';

const { sandboxesOf } = await import(new URL('../../../scripts/lib/sandboxes.mjs', import.meta.url).href);

it('what other machines run is theirs, also where the settings name them no more', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'clara-far-'));
  try {
    const incus = { remote: 'https://node1.example:8443', project: 'clara-sandbox' };
    await writeFile(join(dataDir, 'instance'), '0123456789ab');
    await writeFile(
      join(dataDir, 'engine.json'),
      JSON.stringify({ version: 1, engine: 'incus', used: ['incus'], incus }),
    );
    expect(await sandboxesOf(dataDir, { INCUS_REMOTE: '/var/tmp/no-incus-is-here.sock' })).toEqual([]);
  } finally {
    await rm(dataDir, { recursive: true });
  }
});
