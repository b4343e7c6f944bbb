import { posix } from 'node:path';
import type { z } from 'zod';
import type { FileEntry } from '../../../files/file-tree.ts';
import type { filesystemResponse } from './schemas.ts';

type File = NonNullable<z.output<typeof filesystemResponse>['files']>[number];

/** A file of this dialect; bytes of its name that are no UTF-8 are shown as U+FFFD. */
export function toFile({ path, type, size }: FileEntry): File {
  const shown = path.toWellFormed();
  return { name: posix.basename(shown), is_dir: type === 'directory', size, path: shown };
}
