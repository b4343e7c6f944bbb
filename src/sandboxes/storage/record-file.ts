import { rename, rm, stat, utimes } from 'node:fs/promises';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { readText, writeAtomically } from '../../base/atomic-file.ts';
import { hasCode } from '../../base/errors.ts';
import { syncPath } from '../../disks/base/sync.ts';
import { parseRecord, type SandboxRecord, toDeletedRecord, toRecordText } from './record.ts';

const RECORD_FILE = 'sandbox.json';

/** The name of a record whose sandbox was deleted while the disk had no room for another; its time is that of the deletion. */
const DELETED_FILE = 'sandbox.deleted.json';

/** What a start and a stop change of a record, and a crash may lose. */
const NO_COUNTERS = {
  ...{ engineId: null, lastUsedAtMs: 0, executions: 0, diskBytes: null, lastStop: null },
  ...{ startedAtMs: null, mainExitCode: null },
} as const;

/** The record in the folder of a sandbox; null where there is none. */
export async function readRecordFile(folder: string): Promise<SandboxRecord | null> {
  const found = await readRecordText(folder);
  if (found === null) return null;
  const record = parseRecord(found.text);
  return found.deletedAtMs === null ? record : toDeletedRecord(record, found.deletedAtMs);
}

/** The text of that record, unread, under whichever name it has; `deletedAtMs` is null where the text itself says whether it was deleted. */
export async function readRecordText(folder: string): Promise<{ text: string; deletedAtMs: number | null } | null> {
  const text = await readText(join(folder, RECORD_FILE));
  if (text !== null) return { text, deletedAtMs: null };
  const deleted = await readText(join(folder, DELETED_FILE));
  if (deleted === null) return null;
  return { text: deleted, deletedAtMs: (await stat(join(folder, DELETED_FILE))).mtimeMs };
}

/**
 * Writes the record so that a crash leaves the old or the new one. On a full disk a deletion is a change of the file's name, and
 * what only counts is not written: false where this was so and the record is to be written again. Throws for all else.
 */
export async function writeRecordFile(folder: string, record: SandboxRecord): Promise<boolean> {
  try {
    await writeAtomically(join(folder, RECORD_FILE), toRecordText(record));
  } catch (error) {
    if (isFull(error) && (await isKept(folder, record))) return false;
    throw error;
  }
  await rm(join(folder, DELETED_FILE), { force: true });
  return true;
}

/** True for an error of a disk that has no room. */
export function isFull(error: unknown): boolean {
  return hasCode(error, 'ENOSPC') || hasCode(error, 'EDQUOT');
}

/** True where the disk says what must not be lost of this record, if need be under the other name. */
async function isKept(folder: string, record: SandboxRecord): Promise<boolean> {
  const saved = await readRecordFile(folder);
  if (saved === null) return false;
  if (record.deletedAtMs === null) {
    return isDeepStrictEqual({ ...saved, ...NO_COUNTERS }, { ...parseRecord(toRecordText(record)), ...NO_COUNTERS });
  }
  if (saved.deletedAtMs === null) await markDeleted(folder, record.deletedAtMs);
  return true;
}

/** Neither a name nor a time needs room on the disk. */
async function markDeleted(folder: string, atMs: number): Promise<void> {
  await utimes(join(folder, RECORD_FILE), atMs / 1000, atMs / 1000);
  await rename(join(folder, RECORD_FILE), join(folder, DELETED_FILE));
  await syncPath(folder);
}
