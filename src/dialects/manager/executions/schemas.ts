import { z } from 'zod';
import { text } from '../fields.ts';

export const commandBody = z
  .object({
    command: z
      .union([text(16_777_216), z.array(text(131_072)).min(1, 'must not be empty').max(1024)])
      .meta({ description: 'A text is run by a shell; a list is a program and its arguments.' }),
  })
  .meta({ examples: [{ command: 'ls -la' }] });

export const commandResponse = z
  .object({
    output: z.string().meta({
      description:
        'Both streams, in the order in which they were read; what a program writes to both at once comes stream by stream.',
    }),
    exit_code: z.int().meta({ description: '126 and 127: it could not be started; 124: it ran out of time.' }),
    stdout: z.string(),
    stderr: z.string(),
  })
  .meta({ examples: [{ output: 'total 0\n', exit_code: 0, stdout: 'total 0\n', stderr: '' }] });

export const output = z.unknown().meta({ type: 'string', description: 'Both streams as they come.' });
