import { z } from 'zod';
import { parseSize } from '../../config.ts';
import { parsePattern } from '../../egress/pattern.ts';

const NO_CONTROL_CHARACTERS = /^\P{Cc}*$/u;

const hasNoNul = (text: string): boolean => !text.includes('\0');

/** A path in the sandbox: absolute, or relative to /workspace. */
const path = z
  .string()
  .min(1, 'must not be empty')
  .max(4096, 'is too long')
  .refine(hasNoNul, 'must not hold a NUL character');

const timeout = (seconds: number) =>
  z
    .int('must be a whole number of seconds')
    .min(1, 'must be 1 or more')
    .max(300, 'must be 300 or less')
    .default(seconds)
    .meta({ description: 'Seconds until everything that was started is killed.' });

const keepRunning = z.boolean().default(false).meta({
  description: 'True: it goes on, until its timeout at most, although the caller has left. Else it is killed then.',
});

export const userParams = z.object({
  user_id: z
    .string()
    .min(1, 'must not be empty')
    .refine((id) => [...id].length <= 256, 'must have 256 characters or fewer')
    .regex(NO_CONTROL_CHARACTERS, 'must not hold control characters')
    .meta({
      maxLength: 256,
      description: 'Any id of a user; upper and lower case differ.',
      examples: ['discord-123456789'],
    }),
});

export const createBody = z
  .object({
    image: z.string().min(1).max(512).regex(NO_CONTROL_CHARACTERS).nullish(),
    memory_limit: z
      .string()
      .refine((text) => (parseSize(text) ?? 0) >= 64 * 2 ** 20, 'must be a size such as 512m, 64m or more')
      .nullish(),
    cpu_limit: z.number().min(0.1, 'must be 0.1 or more').max(4, 'must be 4 or less').nullish(),
    network: z
      .enum(['none', 'proxy'], 'must be none or proxy')
      .nullish()
      .meta({ description: 'Never more than the server gives; its own setting if absent.' }),
    egress_allow: z
      .array(
        z
          .string()
          .max(512)
          .refine(
            (text) => parsePattern(text) !== undefined,
            'must be like example.org, *.example.org:443 or 10.0.0.0/8',
          ),
      )
      .max(64)
      .nullish()
      .meta({
        description: 'The only hosts that it may connect to, of those that the server allows; [] is none, ["*"] all.',
      }),
  })
  .meta({ description: 'May be absent.', examples: [{ memory_limit: '512m', cpu_limit: 1 }] })
  .nullish();

export const executeBody = z
  .object({
    code: z.string().max(16_777_216, 'is too long').meta({ description: 'Python source.' }),
    description: z.string().nullish().meta({ description: 'For the log of the caller; not used.' }),
    timeout: timeout(30),
    keep_running: keepRunning,
  })
  .meta({ examples: [{ code: 'print(1 + 1)', timeout: 30 }] });

export const shellBody = z
  .object({
    command: z
      .string()
      .max(16_777_216, 'is too long')
      .refine(hasNoNul, 'must not hold a NUL character')
      .meta({ description: 'Run by bash, or sh where there is no bash.' }),
    timeout: timeout(60),
    keep_running: keepRunning,
  })
  .meta({ examples: [{ command: 'ls -la /workspace', timeout: 60 }] });

export const pipInstallBody = z
  .object({
    package: z
      .string()
      .min(1, 'must not be empty')
      .max(4096)
      .regex(NO_CONTROL_CHARACTERS, 'must not hold control characters')
      .refine((text) => text.trim() !== '' && !/(^|\s)-/.test(text), 'must be requirements, not options')
      .meta({ description: "One or more requirements as pip takes them, with spaces between: 'requests pandas>=2'." }),
    timeout: timeout(120),
  })
  .meta({ examples: [{ package: 'requests' }] });

export const listQuery = z.object({ path: path.default('/workspace') });

export const fileQuery = z.object({ path });

export const writeBody = z
  .object({
    path,
    content: z.string(),
    encoding: z.enum(['utf-8', 'base64'], 'must be utf-8 or base64').default('utf-8'),
  })
  .meta({ examples: [{ path: '/workspace/hello.txt', content: 'Hello' }] });

export const unzipBody = z
  .object({ path, destination: path.nullish().meta({ description: "Where to; the archive's folder if absent." }) })
  .meta({ examples: [{ path: '/workspace/data.zip', destination: '/workspace/data' }] });

export const archiveQuery = z.object({
  path,
  format: z.enum(['tar', 'zip'], 'must be tar or zip').default('tar'),
});

export const rangeHeaders = z.object({
  range: z.string().optional().meta({ description: 'One range, such as bytes=0-1023, bytes=1024- or bytes=-100.' }),
  'if-none-match': z
    .string()
    .optional()
    .meta({ description: 'ETags; the answer is 304 where the file has one of them.' }),
  'if-range': z.string().optional().meta({ description: 'The range counts only where the file has this ETag.' }),
});

export const conditionHeaders = z.object({
  'if-match': z
    .string()
    .optional()
    .meta({ description: 'Write only over a file with one of these ETags, or * for any.' }),
  'if-none-match': z
    .literal('*', 'must be *')
    .optional()
    .meta({ description: '* writes only where there is no file yet.' }),
});

export const executionResponse = z
  .object({
    success: z.boolean(),
    output: z.string().meta({ description: 'What it wrote to stdout.' }),
    error: z.string().nullable().meta({ description: 'What it wrote to stderr; on failure always a text.' }),
    exit_code: z.int().meta({ description: '124 after a timeout, 128 + n after signal n.' }),
    execution_time: z.number().meta({ description: 'Seconds.' }),
    timed_out: z.boolean(),
    oom_killed: z.boolean(),
    output_truncated: z.boolean().meta({ description: 'True where the middle of a long output was left out.' }),
    killed_by: z.string().nullable().meta({ description: 'The signal that ended it, such as SIGKILL.' }),
  })
  .meta({
    id: 'ExecutionResponse',
    examples: [
      {
        success: true,
        output: '2\n',
        error: null,
        exit_code: 0,
        execution_time: 0.004,
        timed_out: false,
        oom_killed: false,
        output_truncated: false,
        killed_by: null,
      },
    ],
  });

export const sandboxInfo = z
  .object({
    user_id: z.string(),
    container_id: z.string().meta({ description: '12 hex digits.' }),
    status: z.string(),
    created_at: z.string(),
    last_used: z.string(),
    execution_count: z.int(),
    memory_usage_mb: z.number(),
    cpu_percent: z.number(),
    disk_usage_mb: z
      .number()
      .nullable()
      .meta({ description: 'Of workspace and packages; null where it was not measured yet.' }),
    disk_limit_mb: z.number().nullable().meta({ description: 'How much they may have; null where nothing limits it.' }),
    egress: z
      .object({
        connections_allowed: z.int().meta({ description: 'That were made.' }),
        connections_refused: z.int().meta({ description: 'That the policy or a limit did not let be made.' }),
        connections_failed: z.int().meta({ description: 'That were permitted and did not come about.' }),
        connections_open: z.int().meta({ description: 'At this moment.' }),
        bytes_sent: z.int().meta({ description: 'From the sandbox.' }),
        bytes_received: z.int().meta({ description: 'To the sandbox.' }),
      })
      .nullable()
      .meta({
        description:
          'What the sandbox has used of its way out since it was started, or since the server was; null where it does not run, and where its network is not the proxy.',
      }),
  })
  .meta({
    id: 'SandboxInfo',
    examples: [
      {
        user_id: 'discord-123456789',
        container_id: '3f2a9c81d07b',
        status: 'running',
        created_at: '2026-01-31T12:00:00.000000Z',
        last_used: '2026-01-31T12:05:00.000000Z',
        execution_count: 3,
        memory_usage_mb: 21.4,
        cpu_percent: 0.5,
        disk_usage_mb: 182.1,
        disk_limit_mb: 5015.65,
        egress: {
          connections_allowed: 4,
          connections_refused: 1,
          connections_failed: 0,
          connections_open: 0,
          bytes_sent: 2_210,
          bytes_received: 183_502,
        },
      },
    ],
  });

export const stopResponse = z
  .object({ status: z.enum(['stopped', 'not_found']) })
  .meta({ examples: [{ status: 'stopped' }] });

export const deleteResponse = z
  .object({ status: z.enum(['deleted', 'not_found']), files_preserved: z.literal(true) })
  .meta({ examples: [{ status: 'deleted', files_preserved: true }] });

export const fileResponse = z
  .object({
    path: z.string(),
    content: z.string(),
    encoding: z.enum(['utf-8', 'base64']).meta({ description: 'base64 for files that are not UTF-8.' }),
    size: z.int().meta({ description: 'Bytes.' }),
  })
  .meta({ examples: [{ path: '/workspace/hello.txt', content: 'Hello', encoding: 'utf-8', size: 5 }] });

/** Bytes of any size, which stream past the schemas. */
export const bytes = z.unknown().meta({ type: 'string', format: 'binary' });

/** An answer without a body. */
export const nothing = z.null();

export const rawWriteResponse = z
  .object({ path: z.string(), size: z.int().meta({ description: 'Bytes.' }) })
  .meta({ examples: [{ path: '/workspace/data.bin', size: 67_108_864 }] });

export const unpackResponse = z
  .object({
    path: z.string(),
    entries: z.int().meta({ description: 'Files, folders and links.' }),
    bytes: z.int().meta({ description: 'What the files hold.' }),
  })
  .meta({ examples: [{ path: '/workspace/project', entries: 12, bytes: 48_213 }] });

export const healthResponse = z
  .object({ status: z.enum(['healthy', 'unhealthy']), docker: z.boolean(), version: z.string() })
  .meta({ examples: [{ status: 'healthy', docker: true, version: '0.1.0' }] });

export const infoResponse = z
  .object({
    version: z.string(),
    available: z.boolean(),
    docker_version: z.string(),
    active_sandboxes: z.int(),
    max_sandboxes: z.int(),
    host_info: z.object({ disk_free_gb: z.number(), disk_total_gb: z.number() }),
  })
  .meta({
    examples: [
      {
        version: '0.1.0',
        available: true,
        docker_version: '27.0.0',
        active_sandboxes: 3,
        max_sandboxes: 50,
        host_info: { disk_free_gb: 41.2, disk_total_gb: 80 },
      },
    ],
  });

export const errorResponse = z
  .object({ error: z.string().meta({ description: 'A sentence for a person.' }) })
  .meta({ id: 'Error', examples: [{ error: 'Sandbox not found' }] });

export const validationErrorResponse = z
  .object({
    error: z.string(),
    detail: z.array(z.object({ loc: z.array(z.string()), msg: z.string(), type: z.string() })),
  })
  .meta({
    id: 'ValidationError',
    examples: [
      {
        error: 'timeout: must be 300 or less',
        detail: [{ loc: ['body', 'timeout'], msg: 'must be 300 or less', type: 'too_big' }],
      },
    ],
  });

/** What every route that needs a key may answer, whatever it does. */
export const commonErrors = {
  401: errorResponse,
  403: errorResponse,
  413: errorResponse,
  415: errorResponse,
  422: validationErrorResponse,
  429: errorResponse,
  503: errorResponse,
};
