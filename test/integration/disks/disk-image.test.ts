import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, open, rm, stat, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { inodesOf, makeImage, repairImage } from '../../../src/disks/base/image.ts';
import { ownNamespace, parseMountInfo } from '../../../src/disks/base/mount-namespace.ts';
import { parseSuperblock, readSuperblock } from '../../../src/disks/base/superblock.ts';
import { mountImage, unmount } from '../../../src/disks/mounts.ts';
import { unmountAllBelow } from '../../support/mounts.ts';
import { until } from '../../support/until.ts';

const run = promisify(execFile);
const MIB = 2 ** 20;
let folder = '';
let image = '';
let mountPoint = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara image '));
  image = join(folder, 'disk.img');
  mountPoint = join(folder, 'disk');
  await mkdir(mountPoint);
});

afterEach(async () => {
  await unmountAllBelow(folder);
  await rm(folder, { recursive: true });
});

describe('an image', () => {
  it('takes little until it is used, and has its inodes', async () => {
    await makeImage(ownNamespace, image, 5 * 2 ** 30);
    const { size, blocks } = await stat(image);
    expect(size).toBe(5 * 2 ** 30);
    expect(blocks * 512).toBeLessThan(8 * MIB);
    await mountImage(ownNamespace, image, mountPoint);
    const { files, blocks: usable, bsize } = await statfs(mountPoint);
    expect(files).toBeGreaterThanOrEqual(inodesOf(5 * 2 ** 30));
    expect(usable * bsize).toBeGreaterThan(0.97 * 5 * 2 ** 30);
  });

  it('says in its superblock what the kernel says of it', async () => {
    await makeImage(ownNamespace, image, 64 * MIB);
    await mountImage(ownNamespace, image, mountPoint);
    await run('dd', ['if=/dev/zero', `of=${mountPoint}/file`, 'bs=1M', 'count=10']);
    await run('sync', ['-f', mountPoint]);
    const { blocks, bfree, bsize } = await statfs(mountPoint);
    expect((await readSuperblock(image))?.isClean).toBe(false);
    await unmount(ownNamespace, mountPoint);
    await until('the loop device is gone', async () => (await run('losetup', ['-j', image])).stdout === '');
    const superblock = await readSuperblock(image);
    expect(superblock).toMatchObject({ sizeBytes: 64 * MIB, usableBytes: blocks * bsize, isClean: true });
    expect(superblock?.usedBytes).toBe((blocks - bfree) * bsize);
  });

  it('in which the kernel has seen errors is mended before it is mounted', async () => {
    await makeImage(ownNamespace, image, 64 * MIB);
    await run('debugfs', ['-w', '-R', 'set_super_value free_blocks_count 1', image]);
    await run('debugfs', ['-w', '-R', 'set_super_value state 2', image]);
    expect(await readSuperblock(image)).toMatchObject({ isClean: false });
    await repairImage(ownNamespace, image, 64 * MIB);
    const superblock = await readSuperblock(image);
    expect(superblock?.isClean).toBe(true);
    expect(superblock?.usedBytes).toBeLessThan(MIB);
  });

  it('that is beyond repair is refused', async () => {
    const file = await open(image, 'w');
    await file.truncate(64 * MIB);
    await file.close();
    await expect(repairImage(ownNamespace, image, 64 * MIB)).rejects.toThrow(/e2fsck failed/);
  });

  it('that is mounted is left alone, and mounted twice shares its device', async () => {
    await makeImage(ownNamespace, image, 64 * MIB);
    await mountImage(ownNamespace, image, mountPoint);
    await repairImage(ownNamespace, image, 128 * MIB);
    expect((await stat(image)).size).toBe(64 * MIB);
    const other = join(folder, 'other');
    await mkdir(other);
    await mountImage(ownNamespace, image, other);
    const { stdout } = await run('losetup', ['-n', '-O', 'NAME', '-j', image]);
    expect(stdout.trim().split('\n')).toHaveLength(1);
    expect(await unmount(ownNamespace, other)).toBe(true);
  });
});

describe('a superblock', () => {
  it('is none where the bytes are too few or not of ext4', () => {
    expect(parseSuperblock(Buffer.alloc(100))).toBeNull();
    expect(parseSuperblock(Buffer.alloc(1024))).toBeNull();
  });
});

describe('the list of mounts', () => {
  it('is read with the escapes of the kernel', () => {
    const text = [
      '22 27 0:20 / /proc rw,relatime - proc proc rw',
      '56 27 7:0 / /data/a\\040b/\\303\\244\\134x rw shared:1 - ext4 /dev/loop0 rw',
      '',
    ].join('\n');
    expect(parseMountInfo(text)).toEqual(['/proc', '/data/a b/ä\\x']);
  });
});
