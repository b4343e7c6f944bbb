import { readFile } from 'node:fs/promises';

/** Resident memory of a process in MiB. */
export async function readRssMib(pid: number): Promise<number> {
  return readField(`/proc/${pid}/status`, 'VmRSS');
}

/** A process's share of memory in MiB: its own pages, and its part of those that it shares with others. Needs to be root. */
export async function readPssMib(pid: number): Promise<number> {
  return readField(`/proc/${pid}/smaps_rollup`, 'Pss');
}

async function readField(file: string, name: string): Promise<number> {
  const text = await readFile(file, 'utf8');
  const match = new RegExp(`^${name}:\\s+(\\d+) kB$`, 'm').exec(text);
  if (!match?.[1]) throw new Error(`${file} has no ${name}.`);
  return Number(match[1]) / 1024;
}
