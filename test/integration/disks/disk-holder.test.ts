import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { ownNamespace } from '../../../src/disks/base/mount-namespace.ts';
import { LoopDisk } from '../../../src/disks/loop-disk.ts';
import { pathOfMount } from '../../../src/engines/engine-volumes.ts';
import { mountsBelow, unmountAllBelow } from '../../support/mounts.ts';
import { OWN_MOUNTS } from '../../support/server-process.ts';

const OWNER = { uid: 1000, gid: 1000 };
const errors: unknown[] = [];
const disk = new LoopDisk(ownNamespace, 32 * 2 ** 20, (error) => errors.push(error));
let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-it-'));
});

afterEach(async () => {
  await unmountAllBelow(folder);
  await rm(folder, { recursive: true });
  expect(errors.splice(0)).toEqual([]);
});

const openFor = async (holder: string) => pathOfMount((await disk.open(folder, OWNER, { holder })).workspace);

/** Something that has a copy of all mounts, as a container that was started on them. */
async function holdMounts(): Promise<() => Promise<void>> {
  const [program = '', ...args] = [...OWN_MOUNTS, 'sh', '-c', 'echo held; exec sleep 1000'];
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'inherit'] });
  await once(child.stdout, 'data');
  return async () => {
    const exited = once(child, 'exit');
    child.kill('SIGKILL');
    await exited;
  };
}

it('a disk that a container of one engine still has is not opened for another engine, and is once that has ended', async () => {
  await writeFile(join(await openFor('Docker'), 'kept'), 'kept');
  const release = await holdMounts();
  try {
    await expect(openFor('Incus')).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringMatching(/still in use by Docker/),
    });
    expect(await mountsBelow(folder)).toEqual([]);
    expect(await readFile(join(await openFor('Docker'), 'kept'), 'utf8')).toBe('kept');
  } finally {
    await release();
  }
  expect(await readFile(join(await openFor('Incus'), 'kept'), 'utf8')).toBe('kept');
});

it('a disk that is open for one engine and that nothing has is taken over by the other', async () => {
  await writeFile(join(await openFor('Docker'), 'kept'), 'kept');
  expect(await readFile(join(await openFor('Incus'), 'kept'), 'utf8')).toBe('kept');
  expect(await readFile(join(await openFor('Docker'), 'kept'), 'utf8')).toBe('kept');
});
