import { statfs } from 'node:fs/promises';
import { cpus, freemem, totalmem } from 'node:os';

/** How much of this machine is in use, in percent of all of it. */
export interface MachineFigures {
  readonly cpuPercent: number;
  readonly memoryPercent: number;
  /** Of the file system that has the data folder. */
  readonly diskPercent: number;
}

interface CpuTimes {
  readonly busyMs: number;
  readonly allMs: number;
}

/** Measures how much of the machine is in use; the CPU between one look and the next. */
export class MachineLoad {
  readonly #dataDir: string;
  #before = cpuTimes();
  #last: MachineFigures = { cpuPercent: 0, memoryPercent: 0, diskPercent: 0 };

  constructor(dataDir: string) {
    this.#dataDir = dataDir;
  }

  /** What the last look found; zeros before the first. */
  get last(): MachineFigures {
    return this.#last;
  }

  /** Looks once; where the disk does not answer its last figure stays. */
  async sample(): Promise<void> {
    const [before, now] = [this.#before, cpuTimes()];
    this.#before = now;
    const disk = await statfs(this.#dataDir).catch(() => null);
    const used = disk ? disk.blocks - disk.bfree : 0;
    this.#last = {
      cpuPercent: percent(now.busyMs - before.busyMs, now.allMs - before.allMs),
      memoryPercent: percent(totalmem() - freemem(), totalmem()),
      // What is kept for root is neither in use nor to be had, as df counts it.
      diskPercent: disk ? percent(used, used + disk.bavail) : this.#last.diskPercent,
    };
  }
}

function cpuTimes(): CpuTimes {
  const all = cpus().map(({ times }) => times);
  const sum = (read: (times: (typeof all)[number]) => number) => all.reduce((total, times) => total + read(times), 0);
  const idleMs = sum(({ idle }) => idle);
  const allMs = sum(({ user, nice, sys, idle, irq }) => user + nice + sys + idle + irq);
  return { busyMs: allMs - idleMs, allMs };
}

function percent(part: number, whole: number): number {
  return whole <= 0 ? 0 : Math.min(100, Math.max(0, (part / whole) * 100));
}
