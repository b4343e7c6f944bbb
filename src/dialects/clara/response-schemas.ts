import { z } from 'zod';

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
const bytes = z.unknown().meta({ type: 'string', format: 'binary' });

/** The answer that is a file, or a part of one. */
export const fileDownload = (description: string) => ({
  description,
  content: { 'application/octet-stream': { schema: bytes } },
});

/** The answer that is a folder as an archive. */
export const archiveDownload = {
  description: 'The archive; its names start below the folder.',
  content: { 'application/x-tar': { schema: bytes }, 'application/zip': { schema: bytes } },
};

/** Answers without a body. */
export const headersOnly = z.null().describe('The headers of the download.');

export const notChanged = z.null().describe('The file has one of the ETags of If-None-Match.');

const rawWriteResponse = z
  .object({ path: z.string(), size: z.int().meta({ description: 'Bytes.' }) })
  .meta({ examples: [{ path: '/workspace/data.bin', size: 67_108_864 }] });

/** The answers to an upload: over a file, or of a new one. */
export const written = { 200: rawWriteResponse, 201: rawWriteResponse };

export const unpackResponse = z
  .object({
    path: z.string(),
    entries: z.int().meta({ description: 'Files, folders and links.' }),
    bytes: z.int().meta({ description: 'What the files hold.' }),
  })
  .meta({ examples: [{ path: '/workspace/project', entries: 12, bytes: 48_213 }] });

export const healthResponse = z
  .object({
    status: z.enum(['healthy', 'unhealthy']),
    docker: z.boolean(),
    version: z.string(),
    warnings: z
      .array(z.string())
      .optional()
      .meta({ description: 'What the operator should mend, a sentence each; absent where there is nothing.' }),
  })
  .meta({ examples: [{ status: 'healthy', docker: true, version: '0.1.0' }] });

export const infoResponse = z
  .object({
    version: z.string(),
    available: z.boolean(),
    docker_version: z.string(),
    active_sandboxes: z.int().meta({ description: 'That run or are frozen for a user.' }),
    pooled_sandboxes: z.int().meta({ description: 'That are started and wait for a user.' }),
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
        pooled_sandboxes: 2,
        max_sandboxes: 50,
        host_info: { disk_free_gb: 41.2, disk_total_gb: 80 },
      },
    ],
  });
