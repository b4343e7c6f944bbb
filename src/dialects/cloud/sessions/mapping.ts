import type { z } from 'zod';
import type { Session, SessionStatus } from '../../../sessions/session.ts';
import type { session } from './schemas.ts';

/** A session of this dialect; the sandbox of one that has expired is gone. */
export function toSession(found: Session, status: SessionStatus): z.output<typeof session> {
  const { sandboxId, pausedAtMs, metadata } = found;
  return {
    id: found.id,
    user_id: found.userId,
    ...(sandboxId === null || status === 'expired' ? {} : { sandbox_id: sandboxId }),
    status,
    image: found.image,
    cpu_count: found.cpuCount,
    memory_mb: found.memoryMb,
    created_at: toTime(found.createdAtMs),
    updated_at: toTime(found.updatedAtMs),
    last_active_at: toTime(found.lastActiveAtMs),
    expires_at: toTime(found.expiresAtMs),
    ...(pausedAtMs === null ? {} : { paused_at: toTime(pausedAtMs) }),
    ...(metadata === null ? {} : { metadata: { ...metadata } }),
  };
}

function toTime(ms: number): string {
  return new Date(ms).toISOString();
}
