import { z } from 'zod';
import { CONTEXT_LANGUAGES, toContextLanguage } from '../../../contexts/languages.ts';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { contextId, path, timeout, userParams } from '../fields.ts';
import { env, text } from '../processes/schemas.ts';
import { executionResponse, fileFields, shownFields, stream, trackFiles } from '../runs/schemas.ts';

const LANGUAGE = `must be a language that contexts have: ${CONTEXT_LANGUAGES.join(', ')}`;

export const createBody = z
  .strictObject({
    id: contextId.nullish().meta({ description: 'Its name in URLs; one is made up if absent.' }),
    language: z
      .string()
      .refine((name) => toContextLanguage(name) !== undefined, LANGUAGE)
      .nullish()
      .meta({ description: 'python, the default; javascript, typescript or bash.' }),
    cwd: path.nullish().meta({ description: 'Where it runs; /workspace if absent.' }),
    env: env.nullish(),
    name: text(255).nullish(),
  })
  .nullish()
  .meta({ examples: [{ id: 'analysis', name: 'sales' }] });

export const contextInfo = z
  .object({
    id: z.string(),
    name: z.string().nullable(),
    language: z.string(),
    cwd: z.string(),
    state: z
      .enum(['idle', 'busy', 'dead'])
      .meta({ description: 'dead: its interpreter has ended; the next call gets a fresh one.' }),
    execution_count: z.int(),
    created_at: z.string().nullable(),
    last_used: z.string().nullable(),
  })
  .meta({
    id: 'Context',
    examples: [
      {
        id: 'analysis',
        name: 'sales',
        language: 'python',
        cwd: '/workspace',
        state: 'idle',
        execution_count: 3,
        created_at: '2026-01-31T12:00:00.000000Z',
        last_used: '2026-01-31T12:05:00.000000Z',
      },
    ],
  });

export const contextList = z.object({ contexts: z.array(contextInfo) });

export const contextParams = userParams.extend({
  id: contextId.meta({ description: 'The id of a context.', examples: ['analysis'] }),
});

/** A context that may not be there yet. */
export const cellParams = userParams.extend({
  id: contextId.meta({ description: 'The id of a context; default is made on first use.', examples: ['default'] }),
});

export const cellBody = z
  .strictObject({
    code: unicodeText().max(16_777_216, 'is too long').meta({ description: 'In the language of the context.' }),
    timeout: timeout(30),
    silent: z
      .boolean()
      .nullish()
      .meta({ description: 'True: it has no number, and the value of its last expression is not shown.' }),
    track_files: trackFiles,
    stream,
  })
  .meta({ examples: [{ code: 'x = 20\nx + 1', timeout: 30 }] });

export const cellResponse = executionResponse
  .extend({
    results: shownFields.results.unwrap(),
    results_truncated: shownFields.results_truncated.unwrap(),
    exception: shownFields.exception.unwrap(),
    execution_count: shownFields.execution_count.unwrap(),
    context_restarted: shownFields.context_restarted.unwrap(),
    ...fileFields.shape,
  })
  .meta({
    id: 'CellResponse',
    description: 'What a cell did, and what it has shown.',
    examples: [
      {
        success: true,
        output: '',
        error: null,
        stderr: '',
        exit_code: 0,
        execution_time: 0.001,
        timed_out: false,
        oom_killed: false,
        output_truncated: false,
        killed_by: null,
        results: [{ data: { 'text/plain': '21' }, metadata: {}, is_main: true }],
        results_truncated: false,
        exception: null,
        execution_count: 1,
        context_restarted: false,
        files: [],
        files_truncated: false,
      },
    ],
  });
