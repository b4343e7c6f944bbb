import { randomBytes } from 'node:crypto';
import { z } from 'zod';

const ID_BYTES = 8;

const ID = /^[0-9a-f]{16}$/;

/** What `checkpoint.json` holds; times on the wall clock. */
const recordSchema = z.object({
  version: z.literal(1),
  id: z.string().regex(ID),
  name: z.string().nullable(),
  /** What it is of: a disk image, plain folders, or a volume of the engine. */
  kind: z.enum(['image', 'folder', 'volume']),
  createdAtMs: z.number(),
});

/** What the file of a checkpoint holds. */
export type CheckpointRecord = z.infer<typeof recordSchema>;

/** The workspace and packages of a sandbox as they were at a moment. */
export interface Checkpoint extends CheckpointRecord {
  /** What it takes of the disk that it is on, in bytes. */
  readonly sizeBytes: number;
}

/** An id that no other checkpoint has. */
export function newCheckpointId(): string {
  return randomBytes(ID_BYTES).toString('hex');
}

/** True for what could be the id of a checkpoint. */
export function isCheckpointId(text: string): boolean {
  return ID.test(text);
}

/** Reads the text of a `checkpoint.json`; throws where it is none. */
export function parseCheckpoint(text: string): CheckpointRecord {
  return recordSchema.parse(JSON.parse(text));
}
