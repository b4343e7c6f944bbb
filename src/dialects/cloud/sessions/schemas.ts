import { z } from 'zod';
import { metadata, text } from '../../fields.ts';
import { sandboxId } from '../operation.ts';

/** A year of them is more than an integer holds exactly. */
const nanoseconds = z.number().min(0).refine(Number.isInteger, 'must be a whole number').meta({ type: 'integer' });

export const createBody = z
  .object({
    image: text(512).nullish().meta({ description: "python:3.11-slim if absent, which is the server's own." }),
    cpu_count: z.int().min(1).nullish().meta({ description: '2 if absent; the sandbox gets what the server gives.' }),
    memory_mb: z
      .int()
      .min(1)
      .nullish()
      .meta({ description: '2048 if absent; the sandbox gets what the server gives.' }),
    ttl: nanoseconds
      .nullish()
      .meta({ description: 'Nanoseconds; a day if absent or 0, and seven days if they are more.' }),
    metadata: metadata.nullish(),
  })
  .nullish()
  .meta({ examples: [{ image: 'python:3.11-slim', cpu_count: 2, memory_mb: 2048 }] });

export const bindBody = z
  .object({ sandbox_id: sandboxId })
  .nullish()
  .meta({ examples: [{ sandbox_id: '6f1c2a…' }] });

export const params = z.object({
  id: z
    .string()
    .max(256)
    .meta({ examples: ['0b7e…'] }),
});

export const actionParams = params.extend({ action: z.string() });

export const session = z
  .object({
    id: z.string(),
    user_id: z.string(),
    sandbox_id: z.string().optional(),
    status: z.enum(['active', 'paused', 'expired']),
    image: z.string(),
    cpu_count: z.int(),
    memory_mb: z.int(),
    created_at: z.string(),
    updated_at: z.string(),
    last_active_at: z.string(),
    expires_at: z.string(),
    paused_at: z.string().optional(),
    metadata: z.record(z.string(), z.string()).optional(),
  })
  .meta({
    id: 'CloudSession',
    examples: [
      {
        id: '0b7e6c1e-6f2f-4b39-9c8e-6d7f7a3f2f11',
        user_id: 'my-user',
        status: 'active' as const,
        image: 'python:3.11-slim',
        cpu_count: 2,
        memory_mb: 2048,
        created_at: '2026-01-31T12:00:00.000Z',
        updated_at: '2026-01-31T12:00:00.000Z',
        last_active_at: '2026-01-31T12:00:00.000Z',
        expires_at: '2026-02-01T12:00:00.000Z',
      },
    ],
  });

export const sessionList = z.object({ sessions: z.array(session) });
