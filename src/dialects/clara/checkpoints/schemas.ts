import { z } from 'zod';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { NO_CONTROL_CHARACTERS, userParams } from '../fields.ts';

export const checkpointParams = userParams.extend({
  id: z
    .string()
    .min(1, 'must not be empty')
    .max(64, 'is too long')
    .meta({ description: 'Its id, or `latest` for the newest one.', examples: ['latest'] }),
});

export const takeBody = z
  .strictObject({
    name: unicodeText()
      .min(1, 'must not be empty')
      .max(255, 'must have 255 characters or fewer')
      .regex(NO_CONTROL_CHARACTERS, 'must not hold control characters')
      .nullish()
      .meta({ description: 'What people call it; others may have the same.' }),
  })
  .nullish()
  .meta({ description: 'May be absent.', examples: [{ name: 'before the upgrade' }] });

const example = {
  id: '9f2c41d07be83a65',
  name: 'before the upgrade',
  size: 190_945_690,
  created_at: '2026-01-31T12:05:00.000000Z',
};

export const checkpointInfo = z
  .object({
    id: z.string(),
    name: z.string().nullable(),
    size: z.int().meta({ description: 'Bytes that it takes of the disk of the server.' }),
    created_at: z.string(),
  })
  .meta({ id: 'Checkpoint', examples: [example] });

export const checkpointList = z
  .object({ checkpoints: z.array(checkpointInfo).meta({ description: 'Newest first.' }) })
  .meta({ examples: [{ checkpoints: [example] }] });
