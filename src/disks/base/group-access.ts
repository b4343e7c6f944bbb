import { rm, writeFile } from 'node:fs/promises';
import type { MountNamespace } from './mount-namespace.ts';

const SET_MS = 30_000;

/** Of posix_acl_xattr.h in Linux. */
const VERSION = 2;
const TAGS = { owner: 0x01, group: 0x04, others: 0x20 } as const;
const NOBODY_NAMED = 0xff_ff_ff_ff;

/** What everything gets that is made below, whatever umask its program has: all for the owner and the group, nothing for others. */
const ENTRIES = [
  [TAGS.owner, 7],
  [TAGS.group, 7],
  [TAGS.others, 0],
] as const;

/**
 * Gives an image that is not mounted a default ACL at its root, which what is made in there inherits; debugfs comes with mkfs.ext4.
 * Throws a CommandFailure.
 */
export async function giveGroupAccess(space: MountNamespace, image: string): Promise<void> {
  const file = `${image}.acl`;
  await writeFile(space.reach(file), toDefaultAcl());
  try {
    await space.run('debugfs', ['-w', '-R', `ea_set -f ${quoted(file)} <2> system.posix_acl_default`, image], SET_MS);
  } finally {
    await rm(space.reach(file), { force: true });
  }
}

/** As the extended attribute has it. https://man7.org/linux/man-pages/man5/acl.5.html */
function toDefaultAcl(): Buffer {
  const header = Buffer.alloc(4);
  header.writeUInt32LE(VERSION);
  const entries = ENTRIES.map(([tag, permissions]) => {
    const entry = Buffer.alloc(8);
    entry.writeUInt16LE(tag);
    entry.writeUInt16LE(permissions, 2);
    entry.writeUInt32LE(NOBODY_NAMED, 4);
    return entry;
  });
  return Buffer.concat([header, ...entries]);
}

/** As debugfs reads an argument with blanks. */
function quoted(path: string): string {
  return `"${path.replaceAll('"', '""')}"`;
}
