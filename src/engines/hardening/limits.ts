/** Open files that a program may have. */
export const OPEN_FILES = 16_384;

/**
 * Size of a core dump, in bytes. No dump is as small, so none is written; and one is the only limit at which the kernel does not
 * start the machine's own program for dumps, as root and in nobody's limits (core(5), of a core_pattern with a pipe).
 */
export const CORE_BYTES = 1;

/** What the machine's own limits may say otherwise: as the kernel has them by default, but fewer timers and signals that wait. */
export const KERNEL_LIMITS = {
  memlock: 8 * 1024 * 1024,
  msgqueue: 819_200,
  nice: 0,
  rtprio: 0,
  sigpending: 4096,
} as const;

/** Pseudo-terminals that a sandbox may have open: each takes 24 KiB of the kernel's memory and more, which no limit counts. The API opens no more. */
export const TERMINALS = 1_024;

/** tmpfs size per allowed inode: an inode costs ~1 KiB of kernel memory that `size=` does not count. */
export const TMPFS_BYTES_PER_FILE = 8192;

/**
 * What System V leaves in memory when the programs that made it have ended. Segments go with the last of them; queues and
 * semaphores, which stay, are few.
 */
export const SYSTEM_V_LIMITS = {
  'kernel.shm_rmid_forced': '1',
  'kernel.msgmni': '32',
  'kernel.sem': '250 32000 32 128',
} as const;
