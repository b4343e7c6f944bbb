import { z } from 'zod';
import { sandboxId } from '../operation.ts';

export const acquired = z
  .object({
    sandbox_id: z.string(),
    container_id: z.string().meta({ description: "The engine's id." }),
    status: z.literal('active'),
  })
  .meta({ examples: [{ sandbox_id: '6f1c2a…', container_id: '9f3b…', status: 'active' as const }] });

export const releaseBody = z
  .object({ sandbox_id: sandboxId })
  .nullish()
  .meta({ examples: [{ sandbox_id: '6f1c2a…' }] });

export const stats = z
  .object({
    idle: z.int(),
    active: z.int().meta({ description: 'Acquired and not released, by all users.' }),
    creating: z.int(),
    max: z.int(),
    total: z.int(),
    available: z.int().meta({ description: 'The same as idle.' }),
    in_use: z.int().meta({ description: 'The same as active.' }),
  })
  .meta({ examples: [{ idle: 2, active: 1, creating: 0, max: 50, total: 3, available: 2, in_use: 1 }] });
