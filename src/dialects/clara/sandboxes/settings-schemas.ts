import { z } from 'zod';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { hasNoNul } from '../fields.ts';
import { infoExample, sandboxInfo } from './info-schema.ts';
import { specFields } from './spec-schemas.ts';

/** More than these in one request are refused before they are looked at. */
const MAX_ENTRIES = 4096;

const isShort = (value: object) => Object.keys(value).length <= MAX_ENTRIES;
const TOO_MANY = `must have ${MAX_ENTRIES} entries or fewer`;

const text = (most: number) => unicodeText().max(most, 'is too long').refine(hasNoNul, 'must not hold a NUL character');

const env = z
  .record(
    z.string().regex(/^[A-Za-z_][A-Za-z0-9_]*$/, 'must have letters, digits and _ only, and no digit first'),
    text(131_072).nullable(),
  )
  .refine(isShort, TOO_MANY)
  .meta({ description: 'Of what starts from now on; null takes a variable away. 128 KiB together.' });

const labels = z
  .record(unicodeText().min(1, 'must not be empty').max(63, 'must have 63 characters or fewer'), text(255).nullable())
  .refine(isShort, TOO_MANY)
  .meta({ description: 'null takes one away. 64 together.' });

const idleTime = (what: string) =>
  z
    .int('must be a whole number of seconds')
    .min(0, 'must be 0 or more')
    .meta({
      description: `Seconds without use until it is ${what}: 10 up to SANDBOX_IDLE_MAX of the server, or 0 for never.`,
    });

/** What a create and a change have in common; null is the server's default. */
export const settingsFields = {
  env: env.nullish(),
  labels: labels.nullish(),
  expires_at: z.iso.datetime({ offset: true, error: 'must be a time such as 2026-01-31T12:00:00Z' }).nullish().meta({
    description: 'When it is deleted, whatever runs, with its files kept; up to 366 days ahead. null: never.',
  }),
  idle_timeout: idleTime('stopped').nullish(),
  pause_after: idleTime('paused').nullish(),
};

export const updateBody = z
  .strictObject({
    ...settingsFields,
    ...specFields,
    allow_restart: z.boolean().nullish().meta({
      description: 'True: it may be made anew, with its files, where a change needs that. Else that is a 409.',
    }),
  })
  .meta({
    description: 'What is absent stays; null is the default of the server.',
    examples: [{ labels: { team: 'support' }, env: { LOG_LEVEL: 'debug' }, cpu_limit: 2 }],
  });

export const updateResponse = sandboxInfo
  .extend({
    restarted: z.boolean().meta({ description: 'True where it was made anew: what ran in it has ended.' }),
  })
  .meta({ id: 'UpdatedSandbox', examples: [{ ...infoExample, restarted: false }] });
