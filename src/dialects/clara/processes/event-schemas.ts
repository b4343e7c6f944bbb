import { z } from 'zod';
import type { StreamDocument } from '../../../http/streams/documents.ts';
import { executionResponse } from '../runs/schemas.ts';

const id = z
  .int()
  .min(1)
  .meta({ description: 'Its number in its process, rising by one from 1: what Last-Event-ID and `after` name.' });

const wait = z.boolean().meta({ description: 'True: only when the next result comes.' });

const exit = executionResponse.omit({ output: true, stderr: true, results: true }).extend({
  event: z.literal('exit'),
  id,
  error: z
    .string()
    .nullable()
    .meta({ description: 'Null on success, else one sentence: as a rule the last line of stderr, up to 4 KiB.' }),
});

/** An event of a run or process, as a line of NDJSON has it. */
export const runEvent = z
  .discriminatedUnion('event', [
    z.object({
      event: z.literal('start'),
      id,
      process_id: z.int(),
      pid: z.int().nullable(),
      started_at: z.string(),
    }),
    z.object({
      event: z.enum(['stdout', 'stderr']),
      id,
      text: z.string().meta({ description: 'Whole characters; U+FFFD for what is not UTF-8.' }),
    }),
    z.object({
      event: z.literal('result'),
      id,
      data: z.record(z.string(), z.unknown()).meta({ description: 'By MIME type; pictures are base64.' }),
      metadata: z.record(z.string(), z.unknown()),
      is_main: z.boolean().meta({ description: 'True for the value of the last expression.' }),
      display_id: z.string().nullable(),
      update: z.boolean().meta({ description: 'True: it takes the place of what has this display_id.' }),
    }),
    z.object({ event: z.literal('clear_output'), id, wait }),
    z.object({
      event: z.literal('error'),
      id,
      name: z.string(),
      value: z.string(),
      traceback: z.array(z.string()).meta({ description: 'Lines without colours.' }),
    }),
    z.object({
      event: z.literal('input_request'),
      id,
      prompt: z.string(),
      password: z.boolean().meta({ description: 'True: what is typed is not to be seen.' }),
    }),
    z.object({
      event: z.literal('gap'),
      first_id: z.int().meta({ description: 'The number of the event that comes next.' }),
      bytes: z.int().meta({ description: 'So much is lost to this reader.' }),
    }),
    exit,
    z.object({ event: z.literal('ping') }),
  ])
  .meta({
    id: 'RunEvent',
    description:
      'What a run or process says: it starts, writes, shows results, asks for a line (`input_request`, which `processes/{process_id}/stdin` answers), and ends with `exit`, which has what a plain answer has. A stream that ends without `exit` has not finished.',
    examples: [{ id: 2, event: 'stdout', text: '2\n' }],
  });

const START = { process_id: 1, pid: 42, started_at: '2026-01-31T12:00:00.000000Z' };

const EXIT = {
  success: true,
  exit_code: 0,
  execution_time: 0.512,
  timed_out: false,
  oom_killed: false,
  output_truncated: false,
  killed_by: null,
};

const SHOWN = { results_truncated: false, exception: null };

const FILES = { files: [], files_truncated: false };

/** For the OpenAPI document: code as it goes. */
export const codeStream: StreamDocument = {
  event: 'RunEvent',
  example: [
    { id: 1, event: 'start', data: START },
    { id: 2, event: 'stdout', data: { text: '2\n' } },
    { id: 3, event: 'exit', data: { ...EXIT, ...SHOWN, ...FILES, error: null } },
  ],
};

/** For the OpenAPI document: a command, or any process, as it goes. */
export const commandStream: StreamDocument = {
  event: 'RunEvent',
  example: [
    { id: 1, event: 'start', data: START },
    { id: 2, event: 'stderr', data: { text: 'ls: cannot access ‘data’: No such file or directory\n' } },
    {
      id: 3,
      event: 'exit',
      data: {
        ...EXIT,
        success: false,
        exit_code: 2,
        ...FILES,
        error: 'ls: cannot access ‘data’: No such file or directory',
      },
    },
  ],
};

/** For the OpenAPI document: pip as it goes. */
export const installStream: StreamDocument = {
  event: 'RunEvent',
  example: [
    { id: 1, event: 'start', data: START },
    { id: 2, event: 'stdout', data: { text: 'Collecting requests\n' } },
    { id: 3, event: 'stdout', data: { text: 'Successfully installed requests-2.32.3\n' } },
    { id: 4, event: 'exit', data: { ...EXIT, files: null, files_truncated: false, error: null } },
  ],
};

/** For the OpenAPI document: a cell of a context as it goes, which asks for a line and shows something. */
export const cellStream: StreamDocument = {
  event: 'RunEvent',
  example: [
    { id: 1, event: 'start', data: START },
    { id: 2, event: 'input_request', data: { prompt: 'Your name? ', password: false } },
    { id: 3, event: 'stdout', data: { text: 'working\n' } },
    { id: 4, event: 'clear_output', data: { wait: false } },
    {
      id: 5,
      event: 'result',
      data: { data: { 'text/plain': '21' }, metadata: {}, is_main: true, display_id: null, update: false },
    },
    {
      id: 6,
      event: 'exit',
      data: { ...EXIT, ...SHOWN, ...FILES, execution_count: 1, context_restarted: false, error: null },
    },
  ],
};

/** For the OpenAPI document: the events of a process, to a reader who came late. */
export const processStream: StreamDocument = {
  event: 'RunEvent',
  example: [
    { event: 'gap', data: { first_id: 812, bytes: 1_048_576 } },
    { id: 812, event: 'stdout', data: { text: 'Sat Jan 31 12:05:00 UTC 2026\n' } },
    { id: 813, event: 'exit', data: { ...EXIT, ...FILES, execution_time: 300.02, error: null } },
  ],
};
