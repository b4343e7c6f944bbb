import { z } from 'zod';
import { userParams } from '../fields.ts';
import { settingsFields } from './settings-schemas.ts';
import { specFields } from './spec-schemas.ts';

export const createBody = z
  .object({
    ...specFields,
    ...settingsFields,
    from: z
      .strictObject({
        user_id: userParams.shape.user_id,
        checkpoint: z
          .string()
          .min(1, 'must not be empty')
          .max(64, 'is too long')
          .nullish()
          .meta({ description: 'The id of one of its checkpoints; absent: what it has now.' }),
      })
      .nullish()
      .meta({
        description:
          'The sandbox whose workspace and packages this one begins with; it must not exist, nor have kept files.',
      }),
  })
  .meta({ description: 'May be absent.', examples: [{ memory_limit: '512m', cpu_limit: 1 }] })
  .nullish();

export const stopResponse = z
  .object({ status: z.enum(['stopped', 'not_found']) })
  .meta({ examples: [{ status: 'stopped' }] });

/** Not strict: existing clients may send more. */
export const deleteQuery = z.object({
  files: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'true: its files, packages and record are removed too, for good.' }),
});

export const deleteResponse = z
  .object({
    status: z.enum(['deleted', 'not_found']),
    files_preserved: z.boolean().meta({ description: 'False where they were to be removed too.' }),
  })
  .meta({ examples: [{ status: 'deleted', files_preserved: true }] });
