import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { volumesOf } from '../../../src/disks/volume-disk.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-notes-'));
});

afterEach(() => rm(folder, { recursive: true }));

const nameOf = (digit: string) => `clara-${digit.repeat(24)}`;
const note = (digit: string, isMade = true) => JSON.stringify({ version: 1, name: nameOf(digit), isMade });

it('names the volumes of a sandbox and of its checkpoints, once each, and none that was never made', async () => {
  await mkdir(join(folder, 'checkpoints', 'one'), { recursive: true });
  await mkdir(join(folder, 'checkpoints', 'two'));
  await writeFile(join(folder, 'volume.json'), note('a'));
  await writeFile(join(folder, 'volume.json.restored'), note('b'));
  await writeFile(join(folder, 'checkpoints', 'one', 'volume.json'), note('b'));
  await writeFile(join(folder, 'checkpoints', 'two', 'volume.json'), note('c', false));
  expect([...(await volumesOf(folder))].sort()).toEqual([nameOf('a'), nameOf('b')]);
});

it('names the volume of what the server describes in a file of the same name', async () => {
  await writeFile(join(folder, 'volume.json'), JSON.stringify({ mountPath: '/mnt/data' }));
  await writeFile(join(folder, 'engine-volume.json'), note('d'));
  expect(await volumesOf(folder)).toEqual([nameOf('d')]);
});

it('names none where the files are on this machine', async () => {
  expect(await volumesOf(folder)).toEqual([]);
});
