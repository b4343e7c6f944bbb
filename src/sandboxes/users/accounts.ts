import { HOME } from '../spec/folders.ts';
import type { ImageAccounts } from '../storage/folder-users.ts';

/** The names of a sandbox's user inside: the first is the one that a look-up of its id finds. */
const NAMES = ['user', 'sandbox'] as const;

/** Those of an image that says nothing. */
export const NO_ACCOUNTS: ImageAccounts = {
  passwd: 'root:x:0:0:root:/root:/bin/sh\n',
  group: 'root:x:0:\n',
  shell: '/bin/sh',
  certificates: null,
};

/** The ids of users and groups in a file as passwd(5) and group(5) have it. */
export function readIds(text: string): number[] {
  return text.split('\n').flatMap((line) => {
    const id = line.split(':')[2];
    return id !== undefined && /^\d{1,10}$/.test(id) ? [Number(id)] : [];
  });
}

/** The image's users, and before them the sandbox's own under each of its names. */
export function toPasswd({ passwd, shell }: ImageAccounts, uid: number): string {
  return NAMES.map((name) => `${name}:x:${uid}:${uid}::${HOME}:${shell}\n`).join('') + withoutOwn(passwd);
}

/** The image's groups, and before them the sandbox's own under each of its names. */
export function toGroup({ group }: ImageAccounts, gid: number): string {
  return NAMES.map((name) => `${name}:x:${gid}:\n`).join('') + withoutOwn(group);
}

function withoutOwn(text: string): string {
  const lines = text.split('\n').filter((line) => line !== '' && !NAMES.some((name) => line.startsWith(`${name}:`)));
  return lines.map((line) => `${line}\n`).join('');
}
