import { z } from 'zod';

/** Most bytes of a body: the largest has a name and three numbers. */
export const BODY_LIMIT_BYTES = 1024;

const id = z.int().min(1).max(0xffff_fffe);

/** The folder of a sandbox in the data folder, by its name. */
export const namedSchema = z.strictObject({ name: z.string().regex(/^[a-z0-9][a-z0-9-]{0,79}$/) });

/** A disk to open: how large it is to be, 0 for as it is, and whose folders are in it. */
export const openSchema = namedSchema.extend({
  sizeBytes: z.int().min(0),
  owner: z.strictObject({ uid: id, gid: id }),
  isShared: z.boolean().optional(),
  holder: z.string().max(64).optional(),
});

/** Where in a sandbox's folder an image may be: its own, one that is to take its place, or that of a checkpoint, made or being made. */
const imageFile = z.string().regex(/^(?:disk\.img(?:\.restored)?|checkpoints\/[0-9a-f]{16}(?:\.new)?\/disk\.img)$/);

const imageSchema = namedSchema.extend({ file: imageFile });

/** How long work may take, in milliseconds. */
const deadlineMs = z.int().min(1).max(3_600_000);

/** A disk whose image is to have all that was written. */
export const flushDiskSchema = namedSchema.extend({ deadlineMs });

/** An image to copy, and where to. */
export const copySchema = z.strictObject({ from: imageSchema, to: imageSchema, deadlineMs });

/** A copy to make fit. */
export const settleSchema = imageSchema;

/** Why no disk can be had from this service; null where they can. */
export const readySchema = z.strictObject({ reason: z.string().nullable() });

/** How full a disk is; null where it cannot be told. */
export const usageSchema = z.strictObject({ usedBytes: z.number(), limitBytes: z.number() }).nullable();

/** The names of the folders whose disks are open. */
export const mountedSchema = z.strictObject({ names: z.array(z.string()) });

/** How much of the disk below is not for sandboxes. */
export const shareRoomSchema = z.strictObject({ keepBytes: z.int().min(0) });

/** What is left of it for them. */
export const roomSchema = z.strictObject({
  freeBytes: z.number(),
  roomBytes: z.number(),
  leastBytes: z.number(),
  held: z.array(z.string()),
});

/** What went wrong, for a server to pass on. */
export const failureSchema = z.object({ kind: z.enum(['invalid', 'no_space', 'unavailable']), error: z.string() });
