import { z } from 'zod';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { isAsSaid, NOT_BASE64 } from '../../base64.ts';
import { hasNoNul } from '../../fields.ts';
import { sandboxId } from '../operation.ts';

const path = unicodeText().max(4096, 'is too long').refine(hasNoNul, 'must not hold a NUL character').nullish();

export const fileQuery = z.object({
  sandbox_id: sandboxId,
  path: path.meta({ description: 'Absolute, or relative to /workspace.' }),
});

export const writeBody = z
  .object({
    sandbox_id: sandboxId,
    path: path.meta({ description: 'Absolute, or relative to /workspace; missing folders are made.' }),
    content: unicodeText().nullish(),
    encoding: z.enum(['utf-8', 'base64']).nullish().meta({ description: 'Of content; utf-8 if absent.' }),
  })
  .refine(isAsSaid, NOT_BASE64)
  .nullish()
  .meta({ examples: [{ sandbox_id: '6f1c2a…', path: '/workspace/test.py', content: 'print("test")' }] });

const file = z.object({
  name: z.string(),
  path: z.string(),
  size: z.int(),
  is_dir: z.boolean(),
  mod_time: z.string(),
});

export const fileList = z.object({ files: z.array(file) }).meta({
  id: 'CloudFiles',
  examples: [
    {
      files: [{ name: 'a.py', path: '/workspace/a.py', size: 6, is_dir: false, mod_time: '2026-01-31T12:00:00.000Z' }],
    },
  ],
});

/** Bytes, as they are. */
export const bytes = z.string().meta({ description: 'The bytes of the file.', format: 'binary' });
