import { z } from 'zod';
import { HOME } from '../../../sandboxes/spec/folders.ts';
import { env, metadata, path, text } from '../../fields.ts';

/** Thirty days: the longest time without use after which a sandbox is removed, in seconds. */
export const MAX_TIMEOUT = 30 * 24 * 3_600;

const TEMPLATE = 'k2data/sandbox-base:latest';

const template = text(512).min(1, 'must not be empty').nullish();

export const createBody = z
  .object({
    template: template.meta({ description: `The image; ${TEMPLATE} if absent, which is the server's own.` }),
    image: template.meta({ description: 'The same as template.' }),
    cwd: path.nullish().meta({ description: '/home/user if absent; made where it is not there.' }),
    envs: env.nullish(),
    environment: env.nullish().meta({ description: 'The same as envs.' }),
    timeout: z
      .int()
      .min(1)
      .max(MAX_TIMEOUT)
      .nullish()
      .meta({ description: 'Seconds without use after which it is removed with its files; 300 if absent.' }),
    metadata: metadata.nullish(),
  })
  .meta({ examples: [{ envs: { ENV_VAR: 'value' }, timeout: 300, metadata: { purpose: 'testing' } }] })
  .nullish()
  .transform((body) => ({
    template: body?.template ?? body?.image ?? TEMPLATE,
    cwd: body?.cwd ?? HOME,
    envs: body?.envs ?? body?.environment ?? {},
    timeout: body?.timeout ?? 300,
    metadata: body?.metadata ?? {},
  }));

const shared = {
  sandbox_id: z.string(),
  id: z.string().meta({ description: 'The same as sandbox_id.' }),
  state: z.string().meta({ description: 'The same as status.' }),
  template: z.string().meta({ description: 'The image as it was asked for.' }),
  created_at: z.string(),
  metadata: z.record(z.string(), z.string()),
};

const shown = {
  sandbox_id: '6f1c2a…',
  id: '6f1c2a…',
  status: 'running',
  state: 'running',
  template: TEMPLATE,
  created_at: '2026-01-31T12:00:00.000Z',
  metadata: { purpose: 'testing' },
};

export const sandbox = z
  .object({ ...shared, status: z.enum(['running', 'stopped', 'killed']), timeout: z.int() })
  .meta({ id: 'K2Sandbox', examples: [{ ...shown, timeout: 300 }] });

export const sandboxList = z
  .object({ sandboxes: z.array(z.object({ ...shared, status: z.enum(['running', 'stopped']) })) })
  .meta({ examples: [{ sandboxes: [shown] }] });

export const deleted = z
  .object({ sandbox_id: z.string(), status: z.literal('deleted') })
  .meta({ examples: [{ sandbox_id: '6f1c2a…', status: 'deleted' }] });

export const actionBody = z
  .object({
    action: z.string().meta({ description: 'stop, kill, restart or set_timeout.' }),
    timeout: z
      .unknown()
      .optional()
      .meta({ description: 'Of set_timeout: seconds, up to 2592000.', type: ['integer', 'null'] }),
  })
  .meta({ examples: [{ action: 'set_timeout', timeout: 600 }] });
