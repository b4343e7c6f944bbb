import { execFile } from 'node:child_process';
import { mkdtemp, rm, statfs } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { removeAll } from './real-server.ts';

const run = promisify(execFile);

type Close = () => Promise<unknown>;

/** A data folder in a small file system of its own, which a test can fill, make read-only and take away; `closers` get what undoes it. */
export async function smallDisk(megabytes: number, closers: Close[]): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'clara-data-'));
  const dataDir = join(folder, 'data');
  const image = join(folder, 'image');
  await run('truncate', ['-s', `${megabytes}M`, image]);
  await run('mkfs.ext4', ['-q', image]);
  await run('mkdir', [dataDir]);
  await run('mount', ['-o', 'loop', image, dataDir]);
  closers.push(async () => {
    await run('umount', ['-l', dataDir]);
    await rm(folder, { recursive: true, force: true });
  });
  closers.push(async () => {
    await run('mount', ['-o', 'remount,rw', dataDir]);
    await removeAll(dataDir).catch((error: unknown) => {
      // The mount point itself stays until it is unmounted.
      if (!(error instanceof Error && 'code' in error && error.code === 'EBUSY')) throw error;
    });
  });
  return dataDir;
}

/** Takes all room that there is, to the last byte. */
export async function fillDisk(dataDir: string): Promise<void> {
  for (const blockBytes of ['1M', '1k', '1']) {
    const parameters = ['if=/dev/zero', `of=${fillerOf(dataDir)}`, `bs=${blockBytes}`];
    await run('dd', [...parameters, 'oflag=append', 'conv=notrunc']).catch(() => undefined);
  }
}

/** Takes room the moment that the file which carries it gives it up. */
const REFILL = `
import os, sys
disk = os.open(sys.argv[1], os.O_WRONLY | os.O_APPEND)
has_room = True
while has_room:
    has_room = os.stat(sys.argv[2]).st_blocks > 2**20 // 512
    for size in (65536, 4096, 1):
        try:
            while True: os.write(disk, bytes(size))
        except OSError:
            os.sched_yield()
`;

/** Takes what the server gives up first on a full disk; resolves once that is taken. */
export async function refillDisk(dataDir: string): Promise<void> {
  await run('python3', ['-c', REFILL, fillerOf(dataDir), join(dataDir, 'instance')], { timeout: 30_000 });
}

/** Gives it back. */
export async function emptyDisk(dataDir: string): Promise<void> {
  await rm(fillerOf(dataDir));
}

/** What is free for everybody, in MiB. */
export async function freeMegabytes(dataDir: string): Promise<number> {
  const { bavail, bsize } = await statfs(dataDir);
  return (bavail * bsize) / 2 ** 20;
}

function fillerOf(dataDir: string): string {
  return join(dataDir, 'filler');
}
