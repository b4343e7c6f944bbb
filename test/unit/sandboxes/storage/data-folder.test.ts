import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openDataFolder } from '../../../../src/sandboxes/storage/data-folder.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-data-'));
});

afterEach(() => rm(folder, { recursive: true }));

describe('the data folder', () => {
  it('is made, with the folders above it, and taken as it is the next time', async () => {
    const path = join(folder, 'a', 'b', 'c');
    await openDataFolder(path);
    await openDataFolder(`${path}/`);
    expect((await stat(path)).isDirectory()).toBe(true);
  });

  it.each([
    ['a file', () => join(folder, 'file')],
    ['below a file', () => join(folder, 'file', 'a', 'b')],
    ['where no folder can be made', () => '/proc/nope'],
    ['below where no folder can be made', () => '/proc/nope/a/b'],
  ])('that is %s is told by its variable', async (_name, path) => {
    await writeFile(join(folder, 'file'), '');
    await expect(openDataFolder(path())).rejects.toThrow(`SANDBOX_DATA_DIR is ${path()}, `);
  });
});
