import { z } from 'zod';
import type { StreamDocument } from '../../../http/streams/documents.ts';

/** Nothing: what is unknown is refused. */
export const noQuery = z.strictObject({});

/** May be absent. */
export const noBody = z
  .strictObject({})
  .nullish()
  .meta({ examples: [{}] });

export const usageQuery = z.strictObject({
  interval: z.coerce
    .number('must be a number of seconds')
    .min(1, 'must be 1 or more')
    .max(3600, 'must be 3600 or less')
    .default(2)
    .meta({ description: 'Of a stream: seconds between two events.' }),
});

const USAGE = {
  memory_bytes: 22_450_176,
  memory_limit_bytes: 536_870_912,
  cpu_percent: 0.5,
  processes: 5,
  disk_used_bytes: 190_945_690,
  disk_limit_bytes: 5_259_292_672,
  network: { sent: 2_210, received: 183_502 },
  at: '2026-01-31T12:05:00.000000Z',
};

export const usageInfo = z
  .object({
    memory_bytes: z.int(),
    memory_limit_bytes: z.int(),
    cpu_percent: z.number().meta({ description: '100 is one CPU in full use.' }),
    processes: z
      .int()
      .meta({ description: 'All that there are in it, some of them its own; of a paused one, threads.' }),
    disk_used_bytes: z.int().nullable().meta({ description: 'Null where it was not measured yet.' }),
    disk_limit_bytes: z.int().nullable().meta({ description: 'Null where nothing limits it.' }),
    network: z.object({ sent: z.int(), received: z.int() }).meta({ description: 'Bytes since it was started.' }),
    at: z.string(),
  })
  .meta({
    id: 'SandboxUsage',
    description: 'As events `usage` where Accept names text/event-stream or application/x-ndjson.',
    examples: [USAGE],
  });

/** An event of the stream, as a line of NDJSON has it. */
export const usageEvent = z
  .discriminatedUnion('event', [
    usageInfo.extend({ event: z.literal('usage'), id: z.int().min(1) }),
    z.object({ event: z.literal('ping') }),
  ])
  .meta({
    id: 'UsageEvent',
    description: 'What the sandbox takes, every `interval` seconds.',
    examples: [{ id: 1, event: 'usage', ...USAGE }],
  });

/** For the OpenAPI document: a stream of it. */
export const usageStream: StreamDocument = {
  event: 'UsageEvent',
  example: [
    { id: 1, event: 'usage', data: USAGE },
    { id: 2, event: 'usage', data: { ...USAGE, cpu_percent: 3, at: '2026-01-31T12:05:02.000000Z' } },
  ],
};
