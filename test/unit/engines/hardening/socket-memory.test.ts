import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { limitSockets } from '../../../../src/engines/hardening/socket-memory.ts';

const MEMORY_GROUPS = '/sys/fs/cgroup/memory';
const SOCKET_LIMIT = 'memory.kmem.tcp.limit_in_bytes';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-group-'));
  await writeFile(join(folder, SOCKET_LIMIT), '');
});

afterEach(() => rm(folder, { recursive: true }));

describe('the limit of what waits in sockets', () => {
  it('is an eighth of the memory of the first group that is there', async () => {
    await writeFile(join(folder, 'memory.limit_in_bytes'), `${256 * 2 ** 20}\n`);
    expect(await limitSockets(['docker/none', relative(MEMORY_GROUPS, folder)])).toBe(true);
    expect(await readFile(join(folder, SOCKET_LIMIT), 'utf8')).toBe(`${32 * 2 ** 20}`);
  });

  it('is none where the group ends while it is read', async () => {
    expect(await limitSockets([relative(MEMORY_GROUPS, folder)])).toBe(false);
  });
});
