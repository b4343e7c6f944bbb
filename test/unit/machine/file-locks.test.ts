import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { countFileLocks } from '../../../src/machine/file-locks.ts';

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-machine-'));
});
afterEach(() => rm(folder, { recursive: true }));

async function count(text: string): Promise<Record<number, number>> {
  const path = join(folder, 'locks');
  await writeFile(path, text);
  return Object.fromEntries(await countFileLocks(path));
}

describe('the locks of files', () => {
  it('are counted for each process: locks, leases, and what waits for one', async () => {
    const text = `1: POSIX  ADVISORY  WRITE 1234 fe:00:1466406 0 EOF
2: FLOCK  ADVISORY  WRITE 77 00:19:31 0 EOF
2: -> FLOCK  ADVISORY  WRITE 1234 00:19:31 0 EOF
3: LEASE  ACTIVE    READ  77 fe:00:12 0 EOF
`;
    expect(await count(text)).toEqual({ 77: 2, 1234: 2 });
  });

  it('of processes that are not to be seen, and lines that are no locks, count for nobody', async () => {
    expect(
      await count('1: POSIX  ADVISORY  WRITE 0 a 0 EOF\n2: OFDLCK ADVISORY  READ -1 b 0 EOF\nnonsense\n\n'),
    ).toEqual({});
  });

  it('are none where the kernel has no list', async () => {
    expect((await countFileLocks(join(folder, 'absent'))).size).toBe(0);
  });
});
