import { z } from 'zod';
import { unicodeText } from '../../../http/unicode-text.ts';
import { LANGUAGES, toLanguage } from '../../../processes/languages.ts';
import { toRequirements } from '../../../processes/requirements.ts';
import { contextId, hasNoNul, timeout } from '../fields.ts';

const keepRunning = z.boolean().default(false).meta({
  description: 'True: it goes on, until its timeout at most, although the caller has left. Else it is killed then.',
});

export const stream = z
  .boolean()
  .nullish()
  .meta({ description: 'True: answered as events (SSE), as for Accept: text/event-stream or application/x-ndjson.' });

export const trackFiles = z
  .boolean()
  .nullish()
  .meta({ description: 'False: it is not looked for which files change, and files is null.' });

export const executeBody = z
  .object({
    code: unicodeText().max(16_777_216, 'is too long').meta({ description: 'In that language.' }),
    language: z
      .string()
      .refine((name) => toLanguage(name) !== undefined, `must be one of ${LANGUAGES.join(', ')}`)
      .nullish()
      .meta({
        description: `${LANGUAGES.join(', ')}, of which GET /info lists what the image has; python if absent. In a context: that of the context.`,
      }),
    description: z.string().nullish().meta({ description: 'For the log of the caller; not used.' }),
    timeout: timeout(30),
    keep_running: keepRunning,
    track_files: trackFiles,
    stream,
    context: contextId.nullish().meta({
      description: 'The id of a context, whose variables it uses and keeps; default is made on first use.',
    }),
  })
  .refine(({ code, language }) => toLanguage(language ?? 'python') === 'python' || hasNoNul(code), {
    path: ['code'],
    error: 'must not hold a NUL character',
  })
  .meta({ examples: [{ code: 'print(1 + 1)', timeout: 30 }] });

export const shellBody = z
  .object({
    command: unicodeText()
      .max(16_777_216, 'is too long')
      .refine(hasNoNul, 'must not hold a NUL character')
      .meta({ description: 'Run by bash, or sh where there is no bash.' }),
    timeout: timeout(60),
    keep_running: keepRunning,
    track_files: trackFiles,
    stream,
  })
  .meta({ examples: [{ command: 'ls -la /workspace', timeout: 60 }] });

const MAX_SHOWN = 60;

export const pipInstallBody = z
  .object({
    package: unicodeText()
      .min(1, 'must not be empty')
      .max(4096)
      .refine((text) => !/(?![\t\n\v\f\r])\p{Cc}/u.test(text), 'must not hold control characters')
      .superRefine((text, context) => {
        const requirements = toRequirements(text);
        const option = requirements.find((requirement) => requirement.startsWith('-'));
        if (requirements.length === 0) context.addIssue({ code: 'custom', message: 'must name a package' });
        if (option !== undefined) {
          const message = `must be requirements, not options such as ${option.slice(0, MAX_SHOWN)}; for those run pip in a shell command`;
          context.addIssue({ code: 'custom', message });
        }
      })
      .meta({
        description:
          "One or more requirements, as on pip's command line, in a requirements file or in a list: 'requests pandas>=2', 'a, b', one a line.",
      }),
    timeout: timeout(120),
    stream,
  })
  .meta({ examples: [{ package: 'requests' }] });

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
