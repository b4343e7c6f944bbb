import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { toSandboxId } from '../../../src/base/sandbox-address.ts';

const { entriesOf, mountedDisks } = await import(new URL('../../../scripts/lib/data-folder.mjs', import.meta.url).href);

it('a backup holds the sandboxes of all users, whatever they are called, and nothing of nobody', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'clara-entries-'));
  try {
    const users = ['u', 'pool-party', 'Pool 7', 'probe-1', 'clara-probe'];
    const folders = users.map((id) => toSandboxId({ namespace: 'clara', id }));
    for (const name of [...folders, 'pool-0123456789abcdef', 'clara-probe-aB3dE5', 'lost+found']) {
      await mkdir(join(dataDir, name));
    }
    expect(entriesOf(dataDir)).toEqual([...folders].sort());
  } finally {
    await rm(dataDir, { recursive: true });
  }
});

it('disks are found where the data folder has blanks in its name', () => {
  const line = (point: string) => `41 29 7:0 / ${point} rw,relatime shared:9 - ext4 /dev/loop0 rw`;
  const text = [line('/srv/my\\040data/u-1/disk'), line('/srv/my\\040data/u-1/other'), line('/srv/my/u-2/disk')].join(
    '\n',
  );
  expect(mountedDisks('/srv/my data', text)).toEqual(['/srv/my data/u-1/disk']);
});
