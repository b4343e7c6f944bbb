import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { appendLog, readLog } from '../../../../src/sandboxes/storage/sandbox-log.ts';

const folders: string[] = [];

afterEach(async () => {
  for (const folder of folders.splice(0)) await rm(folder, { recursive: true });
});

it('reads oldest first, also what was noted later of an earlier time, and keeps the order of one time', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'clara-log-'));
  folders.push(folder);
  const file = join(folder, 'log');
  const line = (atMs: number, message: string) => ({ atMs, source: 'system', level: 'info', message }) as const;
  await appendLog(file, [line(2, 'b'), line(2, 'c')]);
  await appendLog(file, [line(1, 'a')]);
  expect((await readLog(file)).map(({ message }) => message)).toEqual(['a', 'b', 'c']);
});
