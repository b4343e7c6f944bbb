import { z } from 'zod';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { isAsSaid, NOT_BASE64 } from '../../base64.ts';
import { hasNoNul } from '../../fields.ts';

export const filesystemBody = z
  .object({
    action: z.string().meta({ description: 'list, read, write or delete.' }),
    path: unicodeText()
      .max(4096, 'is too long')
      .refine(hasNoNul, 'must not hold a NUL character')
      .nullish()
      .meta({ description: "Absolute, or relative to the sandbox's folder, which list takes if it is absent." }),
    content: unicodeText().nullish().meta({ description: 'Of a file that is written.' }),
    encoding: z.enum(['utf-8', 'base64']).nullish().meta({ description: 'Of content; utf-8 if absent.' }),
  })
  .refine(isAsSaid, NOT_BASE64)
  .meta({ examples: [{ action: 'list', path: '/home/user' }] });

const file = z.object({ name: z.string(), is_dir: z.boolean(), size: z.int(), path: z.string() });

export const filesystemResponse = z
  .object({
    files: z.array(file).nullable(),
    content: z.string().nullable(),
    message: z.string().nullable(),
    encoding: z
      .enum(['utf-8', 'base64'])
      .optional()
      .meta({ description: 'Of content: base64 where the file is no UTF-8.' }),
  })
  .meta({
    id: 'K2Filesystem',
    examples: [
      {
        files: [{ name: 'hello.txt', is_dir: false, size: 6, path: '/home/user/hello.txt' }],
        content: null,
        message: null,
      },
    ],
  });
