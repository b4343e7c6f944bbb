import { readFile } from 'node:fs/promises';
import { runCommand } from './command.ts';

/** Something that is mounted. */
export interface MountPoint {
  readonly path: string;
  /** What is mounted there, such as /dev/loop0. */
  readonly device: string;
  /** As stat(2) has it for what is in it. */
  readonly deviceNumber: number;
}

/** The file system that disks are mounted in. Paths are as that namespace has them. */
export interface MountNamespace {
  /** Where this process finds the file or folder of that path. */
  reach(path: string): string;
  /** Runs a program of that file system and resolves with its stdout; throws a CommandFailure, also after the deadline. */
  run(program: string, argv: readonly string[], deadlineMs: number): Promise<string>;
  /** The mount points, as the kernel names them. */
  mountPoints(): Promise<string[]>;
  /** What is mounted there. */
  mounts(): Promise<MountPoint[]>;
}

/** The one that this process is in. */
export const ownNamespace: MountNamespace = {
  reach: (path) => path,
  run: runCommand,
  mountPoints: async () => parseMountInfo(await readFile('/proc/self/mountinfo', 'utf8')),
  mounts: async () => parseMounts(await readFile('/proc/self/mountinfo', 'utf8')),
};

/** The one that another process is in, which this one must be allowed to enter and to look into (setns(2), proc(5)). */
export function namespaceOf(pid: string): MountNamespace {
  return {
    reach: (path) => `/proc/${pid}/root${path}`,
    run: (program, argv, deadlineMs) => {
      return runCommand('nsenter', [`--mount=/proc/${pid}/ns/mnt`, '--', program, ...argv], deadlineMs);
    },
    mountPoints: async () => parseMountInfo(await readFile(`/proc/${pid}/mountinfo`, 'utf8')),
    mounts: async () => parseMounts(await readFile(`/proc/${pid}/mountinfo`, 'utf8')),
  };
}

/** The mount points in a mountinfo file. */
export function parseMountInfo(text: string): string[] {
  return parseMounts(text).map(({ path }) => path);
}

/**
 * What a mountinfo file names: the third field of each line is the device's number, the fifth the mount point, with spaces and such
 * as octal escapes, and the second behind the dash what is mounted (proc(5)).
 */
function parseMounts(text: string): MountPoint[] {
  const mounts: MountPoint[] = [];
  for (const line of text.split('\n')) {
    const fields = line.split(' ');
    const [, , numbers, , path] = fields;
    const device = fields[fields.indexOf('-') + 2];
    if (!numbers || !path || !device) continue;
    const [major = 0, minor = 0] = numbers.split(':').map(Number);
    mounts.push({
      path: unescapeOctal(path),
      device: unescapeOctal(device),
      deviceNumber: toDeviceNumber(major, minor),
    });
  }
  return mounts;
}

/** As makedev(3) puts them together, for numbers of twelve and twenty bits at most. */
function toDeviceNumber(major: number, minor: number): number {
  return (major << 8) | (minor & 0xff) | ((minor & 0xfff00) << 12);
}

function unescapeOctal(text: string): string {
  if (!text.includes('\\')) return text;
  const bytes = Buffer.from(text, 'utf8').toString('latin1');
  const plain = bytes.replace(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
  return Buffer.from(plain, 'latin1').toString('utf8');
}
