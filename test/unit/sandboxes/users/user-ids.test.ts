import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserIds } from '../../../../src/sandboxes/users/user-ids.ts';

const NAMES = ['a', 'b', 'c'].map((letter) => `${letter}-${letter.repeat(20)}`);
const [A = '', B = '', C = ''] = NAMES;
let dataDir = '';

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clara-ids-'));
  for (const name of NAMES) await mkdir(join(dataDir, name));
});

afterEach(() => rm(dataDir, { recursive: true }));

async function open(first: number, last: number, instance = '000000000000'): Promise<UserIds> {
  const ids = new UserIds(async () => ({ first, last }));
  await ids.load(dataDir, instance);
  return ids;
}

const written = (name: string) => readFile(join(dataDir, name, 'uid'), 'utf8');

describe('the id of a folder', () => {
  it('is its own, and the same for the next server', async () => {
    const ids = await open(70_000, 70_009);
    const given = [await ids.of(A), await ids.of(B), await ids.of(A)];
    expect(given).toEqual([70_000, 70_001, 70_000]);
    expect(await written(B)).toBe('70001\n');
    const next = await open(70_000, 70_009);
    expect([await next.current(A), await next.current(B), await next.current(C)]).toEqual([70_000, 70_001, null]);
    expect(await next.of(C)).toBe(70_002);
  });

  it('is given once, however many folders ask at the same time', async () => {
    const ids = await open(70_000, 70_009);
    expect(new Set(await Promise.all(NAMES.map((name) => ids.of(name)))).size).toBe(3);
  });

  it('is none of its image, none that this machine knows, and not that of nobody', async () => {
    const ids = await open(65_533, 65_537);
    expect(await ids.of(A, new Set([65_533]))).toBe(65_536);
    expect(await ids.of(B)).toBe(65_537);
    const known = await open(0, 0);
    await expect(known.of(C)).rejects.toThrow(/All 1 user ids of SANDBOX_UID_RANGE \(0-0\)/);
  });

  it('is another where that of its new image has its own', async () => {
    const ids = await open(70_000, 70_009);
    expect(await ids.of(A)).toBe(70_000);
    expect(await ids.of(A, new Set([70_000]))).toBe(70_001);
    expect(await written(A)).toBe('70001\n');
    expect(await ids.of(A, new Set([70_000]))).toBe(70_001);
  });

  it('is another where its own is not in the range any more', async () => {
    await (await open(70_000, 70_009)).of(A);
    const ids = await open(80_000, 80_009);
    expect(await ids.current(A)).toBeNull();
    expect(await ids.of(A)).toBe(80_000);
    expect(await written(A)).toBe('80000\n');
  });

  it('is that of its record where the folder says nothing else, as after a restore', async () => {
    await writeFile(join(dataDir, A, 'sandbox.json'), JSON.stringify({ version: 1, uid: 70_005 }));
    await writeFile(join(dataDir, B, 'sandbox.json'), JSON.stringify({ version: 1 }));
    await writeFile(join(dataDir, C, 'sandbox.json'), '{ broken');
    const ids = await open(70_000, 70_009);
    expect([await ids.current(A), await ids.current(B), await ids.current(C)]).toEqual([70_005, null, null]);
  });

  it('is that of the record of a sandbox that was deleted while the disk was full', async () => {
    await writeFile(join(dataDir, A, 'sandbox.deleted.json'), JSON.stringify({ version: 1, uid: 70_000 }));
    const ids = await open(70_000, 70_009);
    expect([await ids.of(B), await ids.of(A)]).toEqual([70_001, 70_000]);
  });

  it('is not the same for a copy of the folder, made before a start or after it', async () => {
    const ids = await open(70_000, 70_009);
    expect(await ids.of(A)).toBe(70_000);
    await writeFile(join(dataDir, B, 'uid'), '70000\n');
    expect(await ids.of(B)).toBe(70_001);
    await writeFile(join(dataDir, C, 'uid'), '70000\n');
    const next = await open(70_000, 70_009);
    expect(new Set([await next.of(A), await next.of(B), await next.of(C)]).size).toBe(3);
  });

  it('stays with it under another name', async () => {
    const ids = await open(70_000, 70_009);
    const pooled = 'pool-0123456789abcdef';
    await mkdir(join(dataDir, pooled));
    await ids.of(pooled);
    await rm(join(dataDir, A), { recursive: true });
    await rename(join(dataDir, pooled), join(dataDir, A));
    ids.moved(pooled, A);
    expect([await ids.current(A), await ids.current(pooled)]).toEqual([70_000, null]);
    expect(await ids.of(B)).toBe(70_001);
  });

  it('is free once the folder is gone, and given again last of all', async () => {
    const ids = await open(70_000, 70_002);
    await ids.of(A);
    await rm(join(dataDir, A), { recursive: true });
    ids.release(A);
    expect([await ids.of(B), await ids.of(C)]).toEqual([70_001, 70_002]);
    await mkdir(join(dataDir, A));
    expect(await ids.of(A)).toBe(70_000);
  });

  it('is not given again by the next server before those that were never given', async () => {
    const ids = await open(70_000, 70_009);
    for (const name of NAMES) await ids.of(name);
    const next = await open(70_000, 70_009);
    await rm(join(dataDir, C), { recursive: true });
    next.release(C);
    await mkdir(join(dataDir, C));
    expect(await next.of(C)).toBe(70_003);
  });

  it('is free where somebody has removed the folder by hand and no other is left', async () => {
    const ids = await open(70_000, 70_001);
    await ids.of(A);
    await ids.of(B);
    await expect(ids.of(C)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/All 2 user ids of SANDBOX_UID_RANGE \(70000-70001\) are taken, by sandboxes/),
    });
    await rm(join(dataDir, A), { recursive: true });
    expect(await ids.of(C)).toBe(70_000);
  });

  it('begins elsewhere for another server with the same range', async () => {
    expect(await (await open(70_000, 70_009, '000000000003')).of(A)).toBe(70_003);
  });

  it('is free again where it cannot be written down', async () => {
    const ids = await open(70_000, 70_000);
    await expect(ids.of('absent')).rejects.toMatchObject({ code: 'ENOENT' });
    expect(await ids.of(A)).toBe(70_000);
  });

  it('is lent where there is no folder, and nobody has it meanwhile', async () => {
    const ids = await open(70_000, 70_001);
    await ids.lend('smoke-test', async (uid) => {
      expect([uid, await ids.of(A)]).toEqual([70_000, 70_001]);
      await expect(ids.of(B)).rejects.toMatchObject({ kind: 'unavailable' });
    });
    expect(await ids.of(B)).toBe(70_000);
  });
});
