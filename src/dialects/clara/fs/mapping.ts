import { posix } from 'node:path';
import type { z } from 'zod';
import type { FileEntry, SearchMatch } from '../../../files/file-tree.ts';
import { nameFromBytes, showName } from '../../../files/names.ts';
import { toAbsolutePath, WORKSPACE_PATH } from '../../../files/paths.ts';
import { toFileTime } from '../../file-time.ts';
import type { entry } from './schemas.ts';
import type { searchResponse } from './search-schemas.ts';

type Match = z.output<typeof searchResponse>['matches'][number];

type Entry = z.output<typeof entry>;

/** The absolute path that a request names as text or as bytes; the workspace where it names none. */
export function toPath(text: string | null | undefined, bytes: string | null | undefined): string {
  if (bytes != null) return toAbsolutePath(nameFromBytes(Buffer.from(bytes, 'base64')));
  return text == null ? WORKSPACE_PATH : toAbsolutePath(text);
}

/** A mode as a number. */
export function toMode(digits: string): number {
  return Number.parseInt(digits, 8);
}

/** A line that was found, as clients see it. */
export function toMatch({ path, ...match }: SearchMatch): Match {
  return { ...named('path', path), ...match };
}

/** An entry as clients see it. */
export function toEntry({ path, type, size, mode, uid, gid, owner, mtimeNs, target }: FileEntry): Entry {
  return {
    ...named('name', posix.basename(path) || '/'),
    ...named('path', path),
    type,
    size,
    mode: mode.toString(8).padStart(4, '0'),
    uid,
    gid,
    owner,
    modified_at: toFileTime(mtimeNs),
    target: null,
    ...(target === null ? {} : named('target', target)),
  };
}

/** A name under a field, with its bytes beside it where it is not UTF-8. */
export function named<Name extends string>(field: Name, text: string): Record<Name, string> {
  const { shown, base64 } = showName(text);
  return { [field]: shown, ...(base64 === null ? {} : { [`${field}_base64`]: base64 }) } as Record<Name, string>;
}
