import { z } from 'zod';
import { parseSize } from '../../../config/fields.ts';
import { parsePattern } from '../../../egress/pattern.ts';
import { unicodeText } from '../../../http/unicode-text.ts';
import { NO_CONTROL_CHARACTERS } from '../fields.ts';

export const createBody = z
  .object({
    image: unicodeText()
      .min(1, 'must not be empty')
      .max(512)
      .regex(NO_CONTROL_CHARACTERS, 'must not hold control characters')
      .nullish(),
    memory_limit: z
      .string()
      .refine((text) => (parseSize(text) ?? 0) >= 64 * 2 ** 20, 'must be a size such as 512m, 64m or more')
      .nullish()
      .meta({ description: 'Up to SANDBOX_DOCKER_MEMORY_MAX of the server, 2g where that is not set.' }),
    cpu_limit: z
      .number()
      .min(0.1)
      .nullish()
      .meta({ description: 'CPUs, up to SANDBOX_DOCKER_CPU_MAX of the server, 4 where that is not set.' }),
    network: z
      .enum(['none', 'proxy'])
      .nullish()
      .meta({ description: 'Never more than the server gives; its own setting if absent.' }),
    egress_allow: z
      .array(
        unicodeText()
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
