import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { expect, it } from 'vitest';

const { hashFile } = await import(new URL('../../../scripts/lib/backup-files.mjs', import.meta.url).href);

it('a file of a backup is compared where nobody may write it, as on a disk that is mounted read-only', async () => {
  // The kernel lets nobody write a program that runs.
  const file = process.execPath;
  expect(await hashFile(file)).toBe(
    createHash('sha256')
      .update(await readFile(file))
      .digest('hex'),
  );
});
