import { readFile } from 'node:fs/promises';
import { runCommand } from './command.ts';

/** The file system that disks are mounted in. Paths are as that namespace has them. */
export interface MountNamespace {
  /** Where this process finds the file or folder of that path. */
  reach(path: string): string;
  /** Runs a program of that file system and resolves with its stdout; throws a CommandFailure, also after the deadline. */
  run(program: string, argv: readonly string[], deadlineMs: number): Promise<string>;
  /** The mount points, as the kernel names them. */
  mountPoints(): Promise<string[]>;
}

/** The one that this process is in. */
export const ownNamespace: MountNamespace = {
  reach: (path) => path,
  run: runCommand,
  mountPoints: async () => parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8')),
};

/** The one that another process is in, which this one must be allowed to enter and to look into (setns(2), proc(5)). */
export function namespaceOf(pid: string): MountNamespace {
  return {
    reach: (path) => `/proc/${pid}/root${path}`,
    run: (program, argv, deadlineMs) => {
      return runCommand('nsenter', [`--mount=/proc/${pid}/ns/mnt`, '--', program, ...argv], deadlineMs);
    },
    mountPoints: async () => parseMountInfo(await readFile(`/proc/${pid}/mountinfo`, 'utf8')),
  };
}

/** The mount points in a mountinfo file: the fifth field of each line, with spaces and such as octal escapes (proc(5)). */
export function parseMountInfo(text: string): string[] {
  const points: string[] = [];
  for (const line of text.split('\n')) {
    const point = line.split(' ')[4];
    if (point) points.push(unescapeOctal(point));
  }
  return points;
}

function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const plain = bytes.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
  return Buffer.from(plain, 'latin1').toString('utf8');
}
