import { z } from 'zod';
import { environment, programPart } from '../fields.ts';

export const environmentBody = z
  .object({
    environment,
    merge: z.boolean().nullish().meta({ description: 'False replaces all that is set; true if absent.' }),
  })
  .meta({ examples: [{ environment: { MODE: 'production' }, merge: true }] });

export const environmentAnswer = z.object({ environment: z.record(z.string(), z.string()) });

export const environmentUpdated = environmentAnswer.extend({ status: z.literal('updated') });

export const entrypointBody = z
  .object({ entrypoint: programPart, command: programPart })
  .meta({ examples: [{ command: 'python app.py' }] })
  .nullish();

export const entrypointAnswer = z.object({
  entrypoint: z.array(z.string()).nullable(),
  command: z.array(z.string()).nullable(),
});

export const entrypointUpdated = entrypointAnswer.extend({ status: z.literal('updated') });

export const timeoutBody = z
  .object({
    timeout: z.int().min(0).max(31_536_000).meta({
      description: 'Seconds from the start of the sandbox until it is stopped; 0 for never.',
    }),
  })
  .meta({ examples: [{ timeout: 3600 }] });

export const timeoutUpdated = z.object({ status: z.literal('updated'), timeout: z.int() });
