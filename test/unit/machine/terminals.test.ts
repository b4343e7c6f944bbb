import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { countTerminals, countTerminalsOf } from '../../../src/machine/terminals.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-terminals-'));
});

afterEach(() => rm(folder, { recursive: true }));

it('the terminals of a machine are a number in a file', async () => {
  await writeFile(join(folder, 'nr'), '417\n');
  expect(await countTerminals(join(folder, 'nr'))).toBe(417);
  expect(await countTerminals(join(folder, 'absent'))).toBe(0);
});

it('those of a container are numbers in its folder of them, which has what makes them too', async () => {
  const terminals = join(folder, '12', 'root', 'dev', 'pts');
  await mkdir(terminals, { recursive: true });
  for (const name of ['0', '17', 'ptmx']) await writeFile(join(terminals, name), '');
  expect(await countTerminalsOf(12, folder)).toBe(2);
  expect(await countTerminalsOf(13, folder)).toBe(0);
});
