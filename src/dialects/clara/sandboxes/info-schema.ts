import { z } from 'zod';

/** What a SandboxInfo may be. */
export const infoExample = {
  id: 'discord-123456789-0c5f1d2e9a8b7c6d5e4f',
  user_id: 'discord-123456789',
  container_id: '3f2a9c81d07b',
  status: 'running',
  image: 'clara-sandbox:latest',
  created_at: '2026-01-31T12:00:00.000000Z',
  last_used: '2026-01-31T12:05:00.000000Z',
  created_by: 'bot',
  execution_count: 3,
  labels: { team: 'support' },
  env: ['LOG_LEVEL'],
  expires_at: null,
  awake_because: ['keep_awake'],
  awake_until: '2026-01-31T18:05:00.000000Z',
  last_stop: { at: '2026-01-30T09:15:00.000000Z', reason: 'idle' },
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
};

/** A sandbox as this dialect shows it. */
export const sandboxInfo = z
  .object({
    id: z.string().meta({ description: 'Names it on this server, whoever its user is.' }),
    user_id: z.string(),
    container_id: z.string().meta({ description: '12 hex digits.' }),
    status: z
      .string()
      .meta({ description: 'creating, running, paused, stopped, or deleted: it has files and is no more than that.' }),
    image: z.string().meta({ description: 'What it was made of, or will be.' }),
    created_at: z.string(),
    last_used: z.string(),
    created_by: z.string().nullable().meta({ description: 'The name of the key that made it.' }),
    execution_count: z.int(),
    labels: z.record(z.string(), z.string()),
    env: z.array(z.string()).meta({ description: 'Names of its variables.' }),
    expires_at: z.string().nullable().meta({ description: 'When it is deleted, with its files kept.' }),
    awake_because: z.array(z.string()).meta({
      description:
        'Why it is neither paused nor stopped for idleness: call, transfer, stream (busy); terminal, preview, context, keep_awake, cpu, network (working).',
    }),
    awake_until: z.string().nullable().meta({
      description: 'Until when it stays awake if nothing happens; null while it is busy, and where it does not run.',
    }),
    last_stop: z
      .object({
        at: z.string(),
        reason: z.string().meta({
          description:
            'requested, restart, settings, restore, idle, background_max, expired, eviction, limit, not_permitted, agent or lost; behind a colon what that ended.',
        }),
      })
      .nullable()
      .meta({ description: 'When and why it was stopped last; null where it never was.' }),
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
    examples: [infoExample],
  });
