import { readdir, readFile, readlink } from 'node:fs/promises';

/** Which of these control groups, by a part of their names, a process is in; undefined where in none, or where it is gone. */
export async function groupOf(pid: number, names: readonly string[]): Promise<string | undefined> {
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  return names.find((name) => groups.includes(name));
}

/**
 * A process of each of these control groups, by a part of their names, with a network of its own: what watches over a container from
 * outside may be in a group of its name. Those whose processes this one does not see are left out.
 */
export async function findProcesses(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  const outside = [await networkOf('self'), await networkOf('1')];
  for (const entry of await readdir('/proc')) {
    if (found.size === names.length) break;
    if (!/^\d+$/.test(entry)) continue;
    const name = await groupOf(Number(entry), names);
    if (name === undefined || found.has(name)) continue;
    const network = await networkOf(entry);
    if (network === null || !outside.includes(network)) found.set(name, Number(entry));
  }
  return found;
}

/** The network namespace of a process; null where this one may not know it, or where it is gone. */
async function networkOf(pid: string): Promise<string | null> {
  return await readlink(`/proc/${pid}/ns/net`).catch(() => null);
}
