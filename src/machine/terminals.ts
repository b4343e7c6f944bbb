import { readdir, readFile } from 'node:fs/promises';

/** How many pseudo-terminals the whole machine has open; 0 where the kernel does not say. */
export async function countTerminals(path = '/proc/sys/kernel/pty/nr'): Promise<number> {
  return Number(await readFile(path, 'latin1').catch(() => '0'));
}

/** How many of them with an open master are of the container that a process is in; 0 where this one may not look, or where it is gone. */
export async function countTerminalsOf(pid: number, root = '/proc'): Promise<number> {
  const names = await readdir(`${root}/${pid}/root/dev/pts`).catch(() => []);
  return names.filter((name) => /^\d+$/.test(name)).length;
}
