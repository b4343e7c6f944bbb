import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ServerSecret } from '../../../../src/sandboxes/storage/server-secret.ts';

let dataDir: string;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clara-secret-'));
});

afterEach(async () => {
  await rm(dataDir, { recursive: true, force: true });
});

it('is made once, for this user alone, and gives each use a key of its own', async () => {
  const first = await ServerSecret.open(dataDir);
  const again = await ServerSecret.open(dataDir);
  const file = join(dataDir, 'secret');
  expect((await readFile(file)).length).toBe(32);
  expect((await stat(file)).mode & 0o777).toBe(0o600);
  expect(first.derive('one')).toEqual(again.derive('one'));
  expect(first.derive('one')).not.toEqual(first.derive('other'));
  expect(first.derive('one')).toHaveLength(32);
});

it('is refused where the file holds something else', async () => {
  await writeFile(join(dataDir, 'secret'), 'short');
  await expect(ServerSecret.open(dataDir)).rejects.toThrow('does not hold the 32 bytes');
});
