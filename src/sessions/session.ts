import { randomUUID } from 'node:crypto';
import { z } from 'zod';

/** How long a session lives that says nothing of it, and one that was resumed, in milliseconds. */
export const USUAL_TTL_MS = 24 * 3_600_000;

/** How long one may live at the most, in milliseconds. */
const MAX_TTL_MS = 7 * USUAL_TTL_MS;

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

/** What a session is at a moment. */
export type SessionStatus = 'active' | 'paused' | 'expired';

/** What it is at this moment. */
export function statusOf({ expiresAtMs, pausedAtMs }: Session, nowMs: number): SessionStatus {
  if (nowMs >= expiresAtMs) return 'expired';
  return pausedAtMs === null ? 'active' : 'paused';
}

/** What a session begins with. */
export interface WantedSession {
  readonly userId: string;
  readonly image: string;
  readonly cpuCount: number;
  readonly memoryMb: number;
  /** Null for the usual; more than the most is the most. */
  readonly ttlMs: number | null;
  readonly metadata: Readonly<Record<string, string>> | null;
}

/** One that begins now, without a sandbox. */
export function newSession(owner: string, { ttlMs, ...given }: WantedSession, nowMs: number): Session {
  return {
    ...{ version: 1, id: randomUUID(), owner, ...given, metadata: given.metadata && { ...given.metadata } },
    ...{ createdAtMs: nowMs, updatedAtMs: nowMs, lastActiveAtMs: nowMs },
    expiresAtMs: nowMs + Math.min(ttlMs ?? USUAL_TTL_MS, MAX_TTL_MS),
    ...{ pausedAtMs: null, sandboxId: null, isReleased: false, resumed: null },
  };
}
