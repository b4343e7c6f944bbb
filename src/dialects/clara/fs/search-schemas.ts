import { z } from 'zod';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { WORKSPACE } from '../../../sandboxes/spec/folders.ts';
import { hasNoNul, usually } from '../../fields.ts';
import { bodyPathFields, count, pathFields, requirePath } from './fields.ts';
import { entry, exampleEntry } from './schemas.ts';

const pattern = unicodeText()
  .min(1, 'must not be empty')
  .max(4096, 'is too long')
  .refine(hasNoNul, 'must not hold a NUL character');

const patterns = usually(z.array(pattern).max(100), []).meta({
  description: 'Patterns as those of glob; one that leaves out a folder leaves out all in it.',
  examples: [['*.py']],
});

export const globQuery = z
  .strictObject({
    pattern: pattern.meta({
      description:
        'Without / it fits the name at any depth, else the path below the folder; ** crosses folders, {a,b} is either.',
      examples: ['*.py'],
    }),
    ...pathFields('path', WORKSPACE),
    limit: count(1, 10_000).default(1_000),
  })
  .superRefine(requirePath('path', true));

export const globResponse = z
  .object({ entries: z.array(entry), truncated: z.boolean().meta({ description: 'true: there may be more.' }) })
  .meta({ examples: [{ entries: [exampleEntry], truncated: false }] });

export const searchBody = z
  .strictObject({
    query: pattern.refine((text) => !/[\r\n]/.test(text), 'must be within one line: lines are searched one by one'),
    ...bodyPathFields('path', WORKSPACE),
    regex: usually(z.boolean(), false).meta({ description: "true: the query is an expression of Python's re." }),
    case_sensitive: usually(z.boolean(), true),
    include: patterns,
    exclude: patterns,
    context_lines: usually(z.int().min(0).max(100), 0),
    limit: usually(z.int().min(1).max(10_000), 200),
  })
  .superRefine(requirePath('path', true))
  .meta({ examples: [{ query: 'Hello', include: ['*.txt'] }] });

const match = z.object({
  path: z.string(),
  path_base64: z.string().optional(),
  line: z.int().meta({ description: 'From 1.' }),
  column: z.int().meta({ description: 'Of its first match, in characters from 1.' }),
  text: z.string().meta({ description: 'The line; of a long one, 2,000 characters around the match.' }),
  before: z.array(z.string()),
  after: z.array(z.string()),
});

export const searchResponse = z
  .object({
    matches: z.array(match),
    files_searched: z.int(),
    truncated: z.boolean().meta({ description: 'true: there may be more.' }),
    reason: z
      .enum(['limit', 'time', 'depth'])
      .nullable()
      .meta({ description: 'Why there may be more: the limit, the ten seconds, or folders that are too deep.' }),
  })
  .meta({
    examples: [
      {
        matches: [{ path: '/workspace/hello.txt', line: 1, column: 1, text: 'Hello', before: [], after: [] }],
        files_searched: 3,
        truncated: false,
        reason: null,
      },
    ],
  });

export const hashQuery = z
  .strictObject({
    ...pathFields('path', '/etc/os-release'),
    algorithm: z
      .enum(['md5', 'sha1', 'sha224', 'sha256', 'sha384', 'sha512', 'blake2b', 'blake2s', 'sha3_256', 'sha3_512'])
      .default('sha256'),
  })
  .superRefine(requirePath('path'));

export const hashResponse = z
  .object({ algorithm: z.string(), digest: z.string(), size: z.int().meta({ description: 'Bytes.' }) })
  .meta({
    examples: [
      { algorithm: 'sha256', digest: '185f8db32271fe25f561a6fc938b2e264306ec304eda518007d1764826381969', size: 5 },
    ],
  });
