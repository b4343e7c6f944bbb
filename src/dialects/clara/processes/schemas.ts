import { z } from 'zod';
import { unicodeText } from '../../../http/validation/unicode-text.ts';
import { env, path, text } from '../../fields.ts';
import { toSignalNumber } from '../../signals.ts';
import { userParams } from '../fields.ts';

export { env, text } from '../../fields.ts';

const NO_SIGNAL = 'must be the name or number of a signal, such as TERM, SIGINT or 9';

const labels = z
  .record(z.string().min(1).max(63), z.string().max(255))
  .refine((value) => Object.keys(value).length <= 64, 'must have 64 entries or fewer');

/** Rows and columns of a terminal. */
const side = z.int().min(1).max(4096, 'must be 4096 or less');

/** How large a terminal is. */
export const terminalSize = z.strictObject({ rows: side, cols: side });

export const startBody = z
  .strictObject({
    command: text(16_777_216).nullish().meta({ description: 'Run by bash, or sh where there is no bash.' }),
    argv: z.array(text(131_072)).min(1).max(4096).nullish().meta({ description: 'A program and its arguments.' }),
    code: unicodeText().max(16_777_216, 'is too long').nullish().meta({ description: 'Python source.' }),
    cwd: path.nullish().meta({ description: 'Where it runs; /workspace if absent.' }),
    env: env.nullish(),
    timeout: z.int().min(0).nullish().meta({ description: 'Seconds until it is killed; 0, the default, is never.' }),
    stdin: z.boolean().nullish().meta({ description: 'True: it has a standard input that can be written to.' }),
    tty: terminalSize.nullish().meta({
      description: 'A terminal of this size, for command or argv; with neither it is a login shell.',
    }),
    name: text(255).nullish(),
    labels: labels.nullish(),
    keep_awake: z.boolean().nullish().meta({
      description: 'True: its sandbox is not paused or stopped for idleness while it runs, even if it waits.',
    }),
  })
  .refine(
    ({ command, argv, code, tty }) => {
      const given = [command, argv, code].filter((program) => program != null).length;
      return given === 1 || (given === 0 && tty != null);
    },
    { error: 'must have one of command, argv and code' },
  )
  .refine(({ code, tty }) => code == null || tty == null, {
    path: ['tty'],
    error: 'is not for code: run python3 with a command',
  })
  .meta({ examples: [{ argv: ['cat'], tty: { rows: 24, cols: 80 }, name: 'echo', timeout: 600 }] });

export const processInfo = z
  .object({
    id: z.int(),
    name: z.string().nullable(),
    labels: z.record(z.string(), z.string()),
    kind: z.enum(['command', 'argv', 'code', 'tty', 'context']),
    command: z.string(),
    cwd: z.string(),
    pid: z.int().nullable(),
    state: z.enum(['running', 'exited']),
    started_at: z.string(),
    ended_at: z.string().nullable(),
    exit_code: z
      .int()
      .nullable()
      .meta({ description: '124 after a timeout, 128 + n after signal n; null while it runs.' }),
    signal: z.string().nullable(),
    timed_out: z.boolean(),
    oom_killed: z.boolean(),
    tty: terminalSize.nullable().meta({ description: 'Its terminal, if it has one.' }),
    keep_awake: z.boolean().meta({ description: 'True: its sandbox is not paused for idleness while it runs.' }),
    first_event_id: z.int().meta({ description: 'The oldest event that is kept.' }),
    last_event_id: z.int(),
  })
  .meta({
    id: 'Process',
    examples: [
      {
        id: 1,
        name: 'echo',
        labels: {},
        kind: 'tty',
        command: 'cat',
        cwd: '/workspace',
        pid: 42,
        state: 'running',
        started_at: '2026-01-31T12:00:00.000000Z',
        ended_at: null,
        exit_code: null,
        signal: null,
        timed_out: false,
        oom_killed: false,
        tty: { rows: 24, cols: 80 },
        keep_awake: false,
        first_event_id: 1,
        last_event_id: 3,
      },
    ],
  });

export const processList = z.object({ processes: z.array(processInfo) });

export const processParams = userParams.extend({
  id: z.coerce
    .number()
    .int('must be a whole number')
    .min(1)
    .meta({ description: 'The id of a process.', examples: [1] }),
});

export const listQuery = z.strictObject({
  state: z.enum(['running', 'exited']).optional(),
  label: z
    .string()
    .regex(/^[^=]+=/, 'must be key=value')
    .optional()
    .meta({ description: 'key=value: only processes with that label.' }),
});

/** Nothing: what is unknown is refused. */
export const noQuery = z.strictObject({});

export const eventsQuery = z.strictObject({
  after: z.coerce.number().int().min(0).optional().meta({ description: 'The last event that is known already.' }),
});

export const outputQuery = z.strictObject({
  stream: z.enum(['stdout', 'stderr']).default('stdout'),
  tail: z.coerce.number().int().min(0).optional().meta({ description: 'Only the last N bytes.' }),
});

export const stdinQuery = z.strictObject({
  close: z.enum(['true', 'false']).default('false').meta({ description: 'true: the input ends behind these bytes.' }),
});

export const signalBody = z
  .strictObject({
    signal: z
      .union(
        [z.int().min(1).max(64), z.string().refine((name) => toSignalNumber(name) !== undefined, NO_SIGNAL)],
        NO_SIGNAL,
      )
      .meta({ description: 'A name such as TERM or SIGINT, or a number.' }),
    tree: z.boolean().nullish().meta({ description: 'True: also to all that it has started.' }),
  })
  .meta({ examples: [{ signal: 'TERM' }] });

export const resizeBody = terminalSize.meta({ examples: [{ rows: 40, cols: 120 }] });

export const attachQuery = z.strictObject({
  after: z.coerce.number().int().min(0).optional().meta({ description: 'Bytes of the output that are known already.' }),
});

export const upgraded = z.null().describe('A WebSocket with the subprotocol clara.tty.v1.');

export const waitBody = z
  .strictObject({ timeout: z.number().min(0).max(300, 'must be 300 or less').nullish() })
  .nullish()
  .meta({ examples: [{ timeout: 60 }] });

export const stdinBytes = z.unknown().meta({ type: 'string', format: 'binary', examples: ['a line'] });

export const eventStream = {
  description: 'Events as they come, SSE unless Accept asks for application/x-ndjson.',
  content: { 'text/event-stream': { schema: z.string() }, 'application/x-ndjson': { schema: z.string() } },
};

export const plainText = {
  description: 'What is kept of it.',
  content: { 'text/plain': { schema: z.unknown().meta({ type: 'string' }) } },
};

export const unreadInput = z.object({ error: z.string(), written: z.int().optional() }).meta({
  description: 'It has read none of its input for 30 seconds; `written` bytes were taken before, the rest is dropped.',
  examples: [
    { error: 'Process 3 has read none of its input for 30 seconds; what it had not read is dropped.', written: 65536 },
  ],
});

export const noContent = z.null().describe('Done.');

export const noMoreEvents = z.null().describe('The process has ended, and its exit is known already.');

export const lostEvents = z.object({ error: z.string(), first_id: z.int() }).meta({
  description: 'What comes next is not kept any more.',
  examples: [{ error: 'Events before 812 are not kept.', first_id: 812 }],
});
