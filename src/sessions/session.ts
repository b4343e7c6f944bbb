import { z } from 'zod';

/** A session as its file has it; times on the wall clock. */
export const sessionSchema = z.object({
  version: z.literal(1),
  id: z.uuid(),
  /** The name of the principal whose it is. */
  owner: z.string(),
  userId: z.string(),
  image: z.string(),
  /** As they were asked for. */
  cpuCount: z.int(),
  memoryMb: z.int(),
  metadata: z.record(z.string(), z.string()).nullable(),
  createdAtMs: z.number(),
  updatedAtMs: z.number(),
  lastActiveAtMs: z.number(),
  expiresAtMs: z.number(),
  pausedAtMs: z.number().nullable(),
  sandboxId: z.string().nullable(),
  /** True where its sandbox was given back while it was paused. */
  isReleased: z.boolean(),
  /** When it was resumed, until somebody asks for its sandbox; whether that was used before. */
  resumed: z.object({ atMs: z.number(), isUsed: z.boolean() }).nullable(),
});

/** What a user works in for a time: it has a sandbox at the most, and outlives pauses and restarts of the server. */
export type Session = Readonly<z.infer<typeof sessionSchema>>;

export type SessionStatus = 'active' | 'paused' | 'expired';

/** What it is at this moment. */
export function statusOf({ expiresAtMs, pausedAtMs }: Session, nowMs: number): SessionStatus {
  if (nowMs >= expiresAtMs) return 'expired';
  return pausedAtMs === null ? 'active' : 'paused';
}
