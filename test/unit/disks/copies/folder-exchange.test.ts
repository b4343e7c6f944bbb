import { mkdir, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { exchangeFolders, putFoldersBack, settleExchange } from '../../../../src/disks/copies/folder-exchange.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-exchange-'));
  for (const name of ['workspace', 'packages']) {
    await put(`${name}/a.txt`, 'before');
    await put(`files.restored/${name}/a.txt`, 'restored');
  }
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function put(file: string, text: string): Promise<void> {
  await mkdir(dirname(join(folder, file)), { recursive: true });
  await writeFile(join(folder, file), text);
}

/** What both folders have. */
async function read(): Promise<string[]> {
  return await Promise.all(['workspace', 'packages'].map((name) => readFile(join(folder, name, 'a.txt'), 'utf8')));
}

const move = (from: string, to: string) => rename(join(folder, from), join(folder, to));

describe('an exchange of folders', () => {
  it('puts both in place, keeps those of before beside, and is undone', async () => {
    await exchangeFolders(folder);
    expect(await read()).toEqual(['restored', 'restored']);
    expect((await readdir(folder)).sort()).toEqual(['files.before', 'packages', 'workspace']);
    await putFoldersBack(folder);
    expect(await read()).toEqual(['before', 'before']);
  });

  const steps: readonly (readonly [string, string])[] = [
    ['files.restored', 'files.next'],
    ['workspace', 'files.before/workspace'],
    ['files.next/workspace', 'workspace'],
    ['packages', 'files.before/packages'],
    ['files.next/packages', 'packages'],
  ];

  it.each([1, 2, 3, 4, 5])('that a crash has cut after %i of its renames is ended later', async (count) => {
    await mkdir(join(folder, 'files.before'));
    for (const [from, to] of steps.slice(0, count)) await move(from, to);
    await settleExchange(folder);
    expect(await read()).toEqual(['restored', 'restored']);
    expect((await readdir(folder)).sort()).toEqual(['files.before', 'packages', 'workspace']);
  });

  it('that was not decided leaves those of before', async () => {
    await settleExchange(folder);
    expect(await read()).toEqual(['before', 'before']);
  });
});
