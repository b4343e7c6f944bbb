import { readdir, readFile } from 'node:fs/promises';

/** The processes that carry a `docker exec`, or an agent's stream where it has no line of its own. */
const ENGINE = /^(dockerd|containerd|containerd-shim.*)$/;

/** CPU time that a process has used, all its threads, in milliseconds; 0 where it has gone. */
export async function readProcessCpuMs(pid: number | string): Promise<number> {
  const threads = await readdir(`/proc/${pid}/task`).catch(() => []);
  const times = threads.map(async (thread) => {
    const text = await readFile(`/proc/${pid}/task/${thread}/schedstat`, 'utf8').catch(() => '0');
    return Number.parseInt(text, 10) / 1e6;
  });
  return sum(await Promise.all(times));
}

/** CPU time that the engine's processes have used, in milliseconds. */
export async function readEngineCpuMs(): Promise<number> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const times = pids.map(async (pid) => {
    const name = await readFile(`/proc/${pid}/comm`, 'utf8').catch(() => '');
    return ENGINE.test(name.trim()) ? readProcessCpuMs(pid) : 0;
  });
  return sum(await Promise.all(times));
}

/** CPU time that the control group of a process has used, in milliseconds; the host's pid. */
export async function readGroupCpuMs(pid: number): Promise<number> {
  for (const line of (await readFile(`/proc/${pid}/cgroup`, 'utf8')).split('\n')) {
    const [, controllers = '', path] = line.split(':');
    if (controllers.split(',').includes('cpuacct')) {
      return Number(await readFile(`/sys/fs/cgroup/cpuacct${path}/cpuacct.usage`, 'utf8')) / 1e6;
    }
    if (line.startsWith('0::')) {
      const stat = await readFile(`/sys/fs/cgroup${path}/cpu.stat`, 'utf8').catch(() => '');
      const match = /^usage_usec (\d+)$/m.exec(stat);
      if (match) return Number(match[1]) / 1e3;
    }
  }
  throw new Error(`The CPU time of the control group of process ${pid} cannot be read.`);
}

const sum = (numbers: readonly number[]): number => numbers.reduce((total, number) => total + number, 0);
