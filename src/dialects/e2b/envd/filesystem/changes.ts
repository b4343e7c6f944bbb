import { posix } from 'node:path';
import type { FileChange } from '../../../../files/file-tree.ts';

/** What happened in a watched folder, as clients read it; `name` is relative to that folder. */
export interface FilesystemEvent {
  readonly name: string;
  readonly type: `EVENT_TYPE_${'CREATE' | 'WRITE' | 'REMOVE' | 'RENAME' | 'CHMOD'}`;
}

/**
 * What a change is there: a rename is RENAME of the old name and CREATE of the new one. A new file is given to its user and written
 * too: an upload comes with its content, of which nothing more is told, and clients wait for WRITE and count all three.
 */
export function toEvents(
  folder: string,
  change: Exclude<FileChange, { event: 'overflow' }>,
): readonly FilesystemEvent[] {
  const { event, path, from = path, moved, type } = change;
  const name = posix.relative(folder, path);
  switch (event) {
    case 'created':
      return type === 'file'
        ? [
            { name, type: 'EVENT_TYPE_CREATE' },
            { name, type: 'EVENT_TYPE_CHMOD' },
            { name, type: 'EVENT_TYPE_WRITE' },
          ]
        : [{ name, type: 'EVENT_TYPE_CREATE' }];
    case 'modified':
      return [{ name, type: 'EVENT_TYPE_WRITE' }];
    case 'attributes':
      return [{ name, type: 'EVENT_TYPE_CHMOD' }];
    case 'deleted':
      return [{ name, type: moved ? 'EVENT_TYPE_RENAME' : 'EVENT_TYPE_REMOVE' }];
    case 'renamed':
      return [
        { name: posix.relative(folder, from), type: 'EVENT_TYPE_RENAME' },
        { name, type: 'EVENT_TYPE_CREATE' },
      ];
  }
}

/** True where what it tells of may still be there. */
export function isOfSomething({ type }: FilesystemEvent): boolean {
  return type !== 'EVENT_TYPE_REMOVE' && type !== 'EVENT_TYPE_RENAME';
}
