import { z } from 'zod';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { infoExample, sandboxInfo } from './info-schema.ts';

/** Sandboxes of a page where nothing is said. */
const USUAL_LIMIT = 100;
const MAX_LIMIT = 1_000;

const label = z
  .string()
  .max(1024, 'is too long')
  .regex(/^[^=]+=/, 'must be key=value');

export const listQuery = z.strictObject({
  state: z
    .enum(['running', 'paused', 'stopped', 'deleted', 'any'])
    .optional()
    .meta({ description: 'Absent: all but the deleted ones, which have files and are no more than that.' }),
  label: z
    .union([label, z.array(label).max(64)], 'must be key=value')
    .optional()
    .meta({ description: 'key=value: only sandboxes with that label; several times: with all of them.' }),
  prefix: unicodeText().max(1024, 'is too long').default('').meta({ description: "What their users' ids begin with." }),
  limit: z.coerce
    .number('must be a whole number')
    .int('must be a whole number')
    .min(1, 'must be 1 or more')
    .max(MAX_LIMIT, `must be ${MAX_LIMIT} or less`)
    .default(USUAL_LIMIT),
  cursor: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,128}$/, 'must be the next_cursor of an answer')
    .optional()
    .meta({ description: 'next_cursor of the page before.' }),
  all: z
    .enum(['true', 'false'])
    .default('false')
    .meta({ description: 'true: the sandboxes of all APIs, for the master key.' }),
});

export const sandboxList = z
  .object({
    sandboxes: z.array(sandboxInfo),
    next_cursor: z.string().nullable().meta({ description: 'For the next page; null at the end.' }),
  })
  .meta({ examples: [{ sandboxes: [infoExample], next_cursor: null }] });
