import { z } from 'zod';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { env, path, text } from '../../fields.ts';
import { sandboxId } from '../operation.ts';

const MAX_SOURCE = 16_777_216;

export const executeBody = z
  .object({
    sandbox_id: sandboxId,
    code: unicodeText().max(MAX_SOURCE, 'is too long').nullish(),
    language: z.string().nullish().meta({ description: 'python, node, bash, ruby or go; python if absent.' }),
    command: z
      .array(text(131_072))
      .max(4096)
      .nullish()
      .meta({ description: 'A program and its arguments, in the place of code.' }),
    work_dir: z
      .union([z.literal(''), path])
      .nullish()
      .meta({ description: '/workspace if absent.' }),
    env: env.nullish(),
    timeout: z.number().min(0).nullish().meta({ description: 'Seconds; 300 if absent or 0.' }),
  })
  .nullish()
  .meta({ examples: [{ sandbox_id: '6f1c2a…', code: 'print("Hello!")', language: 'python', timeout: 30 }] });

export const executeResponse = z
  .object({
    exit_code: z.int().meta({ description: '124 after the timeout, -1 where it could not be run.' }),
    stdout: z.string(),
    stderr: z.string(),
    duration_ms: z.int(),
    timed_out: z.boolean(),
    error: z.string().optional(),
    truncated: z.boolean().optional().meta({ description: 'True where the middle of an output is left out.' }),
  })
  .meta({
    id: 'CloudExecution',
    examples: [{ exit_code: 0, stdout: 'Hello!\n', stderr: '', duration_ms: 12, timed_out: false }],
  });
