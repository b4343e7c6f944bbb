import { readLines } from './proc-file.ts';

const PAGE_BYTES = 4096;

/** The files that are read whole are far smaller. */
const SMALL_BYTES = 64 * 1024;

/** What the kernel has taken for itself on the whole machine, in bytes. */
export interface KernelMemory {
  /** Of its small objects, those that it cannot give back at need. */
  readonly slabBytes: number;
  /** What waits in the sockets of TCP and UDP, in all network namespaces. */
  readonly socketBytes: number;
}

/** Reads it; what the kernel does not tell counts as 0. */
export async function readKernelMemory(): Promise<KernelMemory> {
  const kibibytes = await find('/proc/meminfo', /^SUnreclaim: +(\d+) kB/);
  const tcp = await find('/proc/net/sockstat', /^TCP: .* mem (\d+)/);
  const udp = await find('/proc/net/sockstat', /^UDP: .* mem (\d+)/);
  return { slabBytes: kibibytes * 1024, socketBytes: (tcp + udp) * PAGE_BYTES };
}

async function find(path: string, pattern: RegExp): Promise<number> {
  for await (const line of readLines(path, SMALL_BYTES)) {
    const [, number] = pattern.exec(line) ?? [];
    if (number !== undefined) return Number(number);
  }
  return 0;
}
