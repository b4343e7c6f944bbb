import { mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseConfig } from '../../../../src/config/config.ts';
import { Disks } from '../../../../src/disks/disks.ts';
import { SandboxStore } from '../../../../src/sandboxes/storage/store.ts';

const [OWNED, LEFT, OF_ANOTHER] = ['a', 'b', 'c'].map((digit) => `pool-${digit.repeat(16)}`) as [
  string,
  string,
  string,
];

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clara-pool-folders-'));
});
afterEach(() => rm(dataDir, { recursive: true }));

it('folders of a pool that nobody has are removed, and one of a former engine, which cannot be, is reported once', async () => {
  const reported: unknown[] = [];
  const onError = (error: unknown) => void reported.push(error);
  const config = parseConfig({
    SANDBOX_API_KEY: 'key-for-these-tests',
    SANDBOX_DATA_DIR: dataDir,
    SANDBOX_DISK_MECHANISM: 'measure',
  });
  const disks = new Disks({ config, volumes: null, logger: pino({ level: 'silent' }), onError });
  await disks.open();
  await disks.watchRoom(['instance', 'place']);
  const users = {
    open: async () => undefined,
    prepare: async () => Promise.reject(new Error('Nobody is prepared here.')),
    moved: () => undefined,
    release: () => undefined,
  };
  const store = new SandboxStore(dataDir, disks, users, onError);
  for (const name of [OWNED, LEFT, OF_ANOTHER]) await mkdir(join(dataDir, name));
  const note = { version: 1, name: `clara-${'0'.repeat(24)}`, isMade: true };
  await writeFile(join(dataDir, OF_ANOTHER, 'volume.json'), JSON.stringify(note));
  for (const _pass of [1, 2, 3]) await store.removePoolFolders((name) => name === OWNED);
  const left = (await readdir(dataDir)).filter((name) => name.startsWith('pool-'));
  expect(left.sort()).toEqual([OWNED, OF_ANOTHER]);
  expect(reported).toEqual([expect.objectContaining({ kind: 'unavailable' })]);
});
