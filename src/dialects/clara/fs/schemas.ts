import { z } from 'zod';
import { WORKSPACE } from '../../../sandboxes/spec/folders.ts';
import { count, flag, pathFields, requirePath } from './fields.ts';

const base64 = (of: string) =>
  z
    .string()
    .optional()
    .meta({ description: `The bytes of the ${of}, where it is not UTF-8.` });

export const exampleEntry = {
  name: 'hello.txt',
  path: '/workspace/hello.txt',
  type: 'file',
  size: 5,
  mode: '0644',
  uid: 1000,
  gid: 1000,
  owner: 'user',
  modified_at: '2026-01-31T12:00:00.000000Z',
  target: null,
} as const;

export const entry = z
  .object({
    name: z.string(),
    name_base64: base64('name'),
    path: z.string(),
    path_base64: base64('path'),
    type: z.enum(['file', 'directory', 'symlink', 'other']),
    size: z.int().meta({ description: 'Bytes.' }),
    mode: z.string().meta({ description: 'Four octal digits.' }),
    uid: z.int(),
    gid: z.int(),
    owner: z.string().nullable().meta({ description: 'The name of the user; null where it has none.' }),
    modified_at: z.string().meta({ description: 'RFC 3339, UTC.' }),
    target: z.string().nullable().meta({ description: 'Where a symlink leads, as it says.' }),
    target_base64: base64('target'),
  })
  .meta({ id: 'Entry', examples: [exampleEntry] });

export const listQuery = z
  .strictObject({
    ...pathFields('path', WORKSPACE),
    depth: count(1, 32).default(1).meta({ description: 'How many levels below the folder are listed.' }),
    limit: count(1, 10_000).default(1_000),
    cursor: z
      .string()
      .regex(/^[A-Za-z0-9_-]{1,16384}$/, 'must be the next_cursor of an answer')
      .optional()
      .meta({ description: 'next_cursor of the page before.' }),
    hidden: flag(true).meta({ description: 'false: without names that begin with a dot, and what is below them.' }),
  })
  .superRefine(requirePath('path', true));

export const listResponse = z
  .object({
    entries: z.array(entry),
    next_cursor: z.string().nullable().meta({ description: 'For the next page; null at the end.' }),
  })
  .meta({ examples: [{ entries: [exampleEntry], next_cursor: null }] });

export const statQuery = z
  .strictObject({
    ...pathFields('path', '/etc/os-release'),
    follow: flag(true).meta({ description: 'false: of a symlink itself.' }),
  })
  .superRefine(requirePath('path'));
