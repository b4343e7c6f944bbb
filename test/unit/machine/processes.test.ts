import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFile, readlink } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { findProcesses, groupOf } from '../../../src/machine/processes.ts';

/** No process has this number: it is above the kernel's most, 4,194,304. */
const ABSENT_PID = 4_194_305;

const own = async () => (await readFile('/proc/self/cgroup', 'utf8')).trim();

describe('the control group of a process', () => {
  it('is the first of the names that is part of it', async () => {
    expect(await groupOf(process.pid, ['no-such-group', await own()])).toBe(await own());
  });

  it('is none of others, and none of a process that is gone', async () => {
    expect(await groupOf(process.pid, ['no-such-group'])).toBeUndefined();
    expect(await groupOf(ABSENT_PID, [await own()])).toBeUndefined();
  });
});

describe('the processes of control groups', () => {
  it('are one for each group that has any with a network of its own', async () => {
    const name = await own();
    const apart = spawn('unshare', ['--map-root-user', '--net', 'sh', '-c', 'echo there; exec sleep 60'], {
      stdio: ['ignore', 'pipe', 'ignore'],
    });
    try {
      await once(apart.stdout, 'data');
      const found = await findProcesses([name, 'no-such-group']);
      expect([...found.keys()]).toEqual([name]);
      const pid = found.get(name) ?? ABSENT_PID;
      expect(await groupOf(pid, [name])).toBe(name);
      expect(await readlink(`/proc/${pid}/ns/net`)).not.toBe(await readlink('/proc/self/ns/net'));
    } finally {
      apart.kill();
    }
  });
});
