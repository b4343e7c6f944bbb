import { posix } from 'node:path';
import type { DetailedEntry } from '../../../../files/file-tree.ts';

/** What the names of the attributes begin with that clients call metadata. */
export const METADATA_PREFIX = 'user.e2b.';

/** From this number on there are people, and the sandbox's own user is the only one of them. */
const FIRST_PERSON = 1000;

const PERMISSIONS = 0o777;

const TYPES: Readonly<Record<DetailedEntry['type'], string>> = {
  file: 'FILE_TYPE_FILE',
  directory: 'FILE_TYPE_DIRECTORY',
  symlink: 'FILE_TYPE_SYMLINK',
  other: 'FILE_TYPE_UNSPECIFIED',
};

/** A file as clients see it: type and mode of a link are those of what it leads to; a name that is no Unicode is one that can be read. */
export function toEntryInfo(entry: DetailedEntry) {
  const { type, mode, size, mtimeNs, resolved } = entry;
  const path = entry.path.toWellFormed();
  const isLink = type === 'symlink';
  return {
    name: posix.basename(path) || '/',
    type: isLink ? (resolved ? TYPES[resolved.type] : TYPES.other) : TYPES[type],
    path,
    size: String(size),
    mode: (resolved?.mode ?? mode) & PERMISSIONS,
    permissions: toPermissions(type, mode),
    owner: toName(entry.uid, entry.owner),
    group: toName(entry.gid, entry.group),
    modifiedTime: toTime(mtimeNs),
    ...(isLink ? { symlinkTarget: resolved?.path.toWellFormed() ?? path } : {}),
    metadata: entry.attributes,
  };
}

/** A mode as Go writes it: `drwxr-xr-x`, of a link `Lrwxrwxrwx`. */
export function toPermissions(type: DetailedEntry['type'], mode: number): string {
  const kind = type === 'directory' ? 'd' : type === 'symlink' ? 'L' : '';
  const special = `${mode & 0o4000 ? 'u' : ''}${mode & 0o2000 ? 'g' : ''}${mode & 0o1000 ? 't' : ''}`;
  const letters = [...'rwxrwxrwx'].map((letter, index) => (mode & (0o400 >> index) ? letter : '-'));
  return `${kind + special || '-'}${letters.join('')}`;
}

function toName(id: number, name: string | null): string {
  if (id >= FIRST_PERSON && (name === null || name === 'sandbox')) return 'user';
  return name ?? String(id);
}

/** RFC 3339, to the nanosecond. */
function toTime(nanoseconds: string): string {
  const all = BigInt(nanoseconds);
  const rest = ((all % 1_000_000_000n) + 1_000_000_000n) % 1_000_000_000n;
  const seconds = new Date(Number((all - rest) / 1_000_000n)).toISOString().slice(0, 19);
  return `${seconds}.${String(rest).padStart(9, '0')}Z`;
}
