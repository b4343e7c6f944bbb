import { z } from 'zod';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { env, path, text } from '../../fields.ts';

const MAX_SOURCE = 16_777_216;

/** What holds for one call alone. */
const call = {
  cwd: path.nullish(),
  envs: env.nullish(),
  timeout: z.number().min(0.001, 'must be more than 0').nullish().meta({ description: 'Seconds, 300 if absent.' }),
};

export const codeBody = z
  .object({
    code: unicodeText().max(MAX_SOURCE, 'is too long'),
    language: z.string().nullish().meta({ description: 'python if absent; upper and lower case are the same.' }),
    ...call,
  })
  .meta({ examples: [{ code: 'print("Hello from sandbox!")', language: 'python' }] });

export const commandBody = z
  .object({ command: text(MAX_SOURCE).meta({ description: 'Run by a shell.' }), ...call })
  .meta({ examples: [{ command: 'ls -la', cwd: '/home/user' }] });

/** Code for the interpreter service. */
export const serviceBody = z
  .object({ code: codeBody.shape.code, language: codeBody.shape.language, env_vars: env.nullish() })
  .meta({ examples: [{ code: 'x = 41; x + 1', language: 'python', env_vars: {} }] });

export const serviceResponse = {
  description: 'A line of JSON for each thing that the code did, in their order, when it has ended.',
  content: { 'application/x-ndjson': { schema: z.string() } },
};

const logLine = z.object({ line: z.string(), error: z.boolean(), timestamp: z.number() });

const nullableText = z.string().nullable();

const result = z.object({
  type: z.string(),
  value: z.unknown(),
  mime_type: nullableText,
  text: nullableText,
  html: nullableText,
  png: nullableText,
  jpeg: nullableText,
  pdf: nullableText,
  svg: nullableText,
  latex: nullableText,
  json: z.unknown(),
  markdown: nullableText,
  raw: z.unknown(),
});

export const codeResponse = z
  .object({
    text: nullableText.meta({ description: 'The value of the last expression, else what was printed.' }),
    logs: z.object({ stdout: z.array(logLine), stderr: z.array(logLine) }),
    results: z.array(result),
    error: z.object({ name: z.string(), value: z.string(), traceback: z.array(z.string()).nullable() }).nullable(),
    created_at: z.string(),
    finished_at: z.string(),
  })
  .meta({
    id: 'K2Execution',
    examples: [
      {
        text: 'Hello from sandbox!\n',
        logs: { stdout: [{ line: 'Hello from sandbox!', error: false, timestamp: 1_769_860_800.25 }], stderr: [] },
        results: [],
        error: null,
        created_at: '2026-01-31T12:00:00.000Z',
        finished_at: '2026-01-31T12:00:00.250Z',
      },
    ],
  });

export const commandResponse = z
  .object({
    stdout: z.string(),
    stderr: z.string(),
    exit_code: z.int().meta({ description: '124 after the timeout.' }),
    execution_time: z.number().meta({ description: 'Seconds.' }),
  })
  .meta({ examples: [{ stdout: 'total 0\n', stderr: '', exit_code: 0, execution_time: 0.004 }] });
