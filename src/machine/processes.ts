import { readdir, readFile } from 'node:fs/promises';

/** Which of these control groups, by a part of their names, a process is in; undefined where in none, or where it is gone. */
export async function groupOf(pid: number, names: readonly string[]): Promise<string | undefined> {
  const groups = await readFile(`/proc/${pid}/cgroup`, 'utf8').catch(() => '');
  return names.find((name) => groups.includes(name));
}

/** A process of each of these control groups, by a part of their names; those whose processes this one does not see are left out. */
export async function findProcesses(names: readonly string[]): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  for (const entry of await readdir('/proc')) {
    if (found.size === names.length) break;
    if (!/^\d+$/.test(entry)) continue;
    const name = await groupOf(Number(entry), names);
    if (name !== undefined && !found.has(name)) found.set(name, Number(entry));
  }
  return found;
}
