import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { isSandboxError } from '../../../../src/base/errors.ts';
import { pack, unpack } from '../../../../src/disks/copies/archive.ts';
import { survey } from '../../../../src/disks/copies/survey.ts';

const MIB = 2 ** 20;

let folder = '';

beforeEach(async () => {
  // A colon in a path is none of another machine's.
  folder = await mkdtemp(join(tmpdir(), 'clara:archive-'));
  for (const name of ['workspace', 'packages']) await mkdir(join(folder, name));
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

const count = () => survey([join(folder, 'workspace'), join(folder, 'packages')], 10_000);

describe('an archive of folders', () => {
  it('is no larger than what was counted, and holds it all', async () => {
    for (let number = 0; number < 50; number += 1) await writeFile(join(folder, 'workspace', `é ${number}\n`), 'text');
    const archive = join(folder, 'files.tar');
    await pack(folder, archive, (await count()) - 64 * MIB, 10_000);
    await unpack(archive, join(folder, 'restored'));
    expect(await readdir(join(folder, 'restored', 'workspace'))).toHaveLength(50);
    expect(await readFile(join(folder, 'restored', 'workspace', 'é 7\n'), 'utf8')).toBe('text');
  });

  it('is given up where they have grown since, and leaves nothing', async () => {
    await writeFile(join(folder, 'workspace', 'big'), Buffer.alloc(70 * MIB, 'x'));
    expect(await count()).toBeGreaterThan(70 * MIB);
    const archive = join(folder, 'files.tar');
    const refused = await pack(folder, archive, 0, 10_000).catch((error: unknown) => error);
    expect(isSandboxError(refused, 'unavailable')).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(['packages', 'workspace']);
  });

  it('is given up after its deadline', async () => {
    await writeFile(join(folder, 'workspace', 'big'), Buffer.alloc(64 * MIB, 'x'));
    const refused = await pack(folder, join(folder, 'files.tar'), 64 * MIB, 1).catch((error: unknown) => error);
    expect(isSandboxError(refused, 'unavailable')).toBe(true);
    expect((await readdir(folder)).sort()).toEqual(['packages', 'workspace']);
  });
});
