import { z } from 'zod';

export const stream = z
  .boolean()
  .nullish()
  .meta({ description: 'True: answered as events (SSE), as for Accept: text/event-stream or application/x-ndjson.' });

export const trackFiles = z
  .boolean()
  .nullish()
  .meta({ description: 'False: it is not looked for which files change, and files is null.' });

/** What of the workspace has changed while a program ran. */
export const fileFields = z.object({
  files: z
    .array(
      z.object({
        path: z.string(),
        path_base64: z.string().optional(),
        size: z.int().nullable().meta({ description: 'Bytes; null where it was deleted.' }),
        change: z.enum(['created', 'modified', 'deleted']),
      }),
    )
    .nullable()
    .meta({
      description:
        'What changed in /workspace meanwhile, by name; null where that was not looked for, or cannot be told.',
    }),
  files_truncated: z.boolean().meta({ description: 'True where more files have changed than the 100 that are told.' }),
});

/** What a run of code has besides, the last two in a context only; commands and pip have none of them. */
export const shownFields = {
  results: z
    .array(
      z.object({
        data: z.record(z.string(), z.unknown()).meta({ description: 'By MIME type; pictures are base64.' }),
        metadata: z.record(z.string(), z.unknown()),
        is_main: z.boolean().meta({ description: 'True for the value of the last expression.' }),
      }),
    )
    .optional(),
  results_truncated: z.boolean().optional(),
  exception: z
    .object({ name: z.string(), value: z.string(), traceback: z.array(z.string()) })
    .nullable()
    .optional(),
  execution_count: z.int().optional(),
  context_restarted: z
    .boolean()
    .meta({ description: 'True where variables were lost in this call or before it.' })
    .optional(),
};

export const executionResponse = z
  .object({
    success: z.boolean(),
    output: z.string().meta({ description: 'What it wrote to stdout.' }),
    error: z.string().nullable().meta({
      description: 'Why it failed, else what it wrote to stderr; on failure always a text.',
    }),
    stderr: z.string().meta({ description: 'What it wrote to stderr, whatever error says.' }),
    exit_code: z.int().meta({ description: '124 after a timeout, 128 + n after signal n.' }),
    execution_time: z.number().meta({ description: 'Seconds.' }),
    timed_out: z.boolean(),
    oom_killed: z.boolean(),
    output_truncated: z.boolean().meta({ description: 'True where the middle of a long output was left out.' }),
    killed_by: z.string().nullable().meta({ description: 'The signal that ended it, such as SIGKILL.' }),
    ...shownFields,
    ...fileFields.partial().shape,
  })
  .meta({
    id: 'ExecutionResponse',
    description: 'What a program did; one that failed is told here, not by the status.',
    examples: [
      {
        success: true,
        output: '2\n',
        error: null,
        stderr: '',
        exit_code: 0,
        execution_time: 0.004,
        timed_out: false,
        oom_killed: false,
        output_truncated: false,
        killed_by: null,
        files: [{ path: '/workspace/plot.png', size: 18_213, change: 'created' }],
        files_truncated: false,
      },
    ],
  });
