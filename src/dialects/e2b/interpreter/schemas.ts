import { z } from 'zod';
import { env, path } from '../../fields.ts';

const MAX_SOURCE = 16_777_216;

export const executeBody = z.object({
  code: z.string().max(MAX_SOURCE, 'is too long'),
  context_id: z.string().nullish(),
  language: z.string().nullish(),
  env_vars: env.nullish(),
});

export const contextBody = z
  .object({ language: z.string().nullish(), cwd: path.nullish() })
  .nullish()
  .transform((body) => body ?? {});

export const contextParams = z.object({ id: z.string().max(64) });
