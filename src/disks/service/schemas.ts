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
});

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
  held: z.array(z.string()),
});

/** What went wrong, for a server to pass on. */
export const failureSchema = z.object({ kind: z.enum(['invalid', 'no_space', 'unavailable']), error: z.string() });
