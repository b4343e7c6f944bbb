import { z } from 'zod';
import { env, text } from '../../fields.ts';

const metadata = z
  .record(z.string().max(256), text(4096))
  .refine((value) => Object.keys(value).length <= 64, 'must have 64 entries or fewer');

const seconds = z.int().min(0);

/** True for what requests can have as their host, and for nothing; `${PORT}` in it is the port that they are for. */
const isHost = (value: string): boolean =>
  /^(?:(?:\[[0-9a-f:.]+\]|[a-z0-9_](?:[a-z0-9_.-]*[a-z0-9_])?\.?)(?::\d{1,5})?)?$/i.test(
    value.replaceAll(/\$\{PORT\}/g, '1'),
  );

const network = z.object({
  allowOut: z.array(text(512)).max(256).nullish(),
  denyOut: z.array(text(512)).max(256).nullish(),
  allowPublicTraffic: z.boolean().nullish(),
  maskRequestHost: text(512).refine(isHost, 'must be a host, with a port or without').nullish(),
  rules: z.unknown().optional(),
  egressProxy: z.unknown().optional(),
});

export const createBody = z
  .object({
    templateID: text(512).meta({ description: 'A template by its name or id, or a snapshot by its id.' }),
    timeout: seconds.nullish().meta({ description: 'Seconds until it ends; 15 if absent, 300 in v2.' }),
    metadata: metadata.nullish(),
    envVars: env.nullish(),
    secure: z.boolean().nullish().meta({ description: 'True if only its token opens it; v2 always does.' }),
    allow_internet_access: z.boolean().nullish(),
    network: network.nullish(),
    autoPause: z
      .boolean()
      .nullish()
      .meta({ description: 'True if it is paused when its time is over, and not killed.' }),
    autoPauseMemory: z.boolean().nullish(),
    autoResume: z.object({ enabled: z.boolean() }).nullish(),
    iam: z.unknown().optional(),
    mcp: z.unknown().optional(),
    volumeMounts: z.unknown().optional(),
  })
  .meta({ examples: [{ templateID: 'base', timeout: 300, metadata: { purpose: 'testing' }, secure: true }] });

export const networkBody = z
  .object({
    ...network.omit({ allowPublicTraffic: true, maskRequestHost: true }).shape,
    allow_internet_access: z.boolean().nullish(),
  })
  .nullish();

const named = {
  sandboxID: z.string(),
  templateID: z.string(),
  alias: z.string().optional(),
  clientID: z.string(),
  envdVersion: z.string(),
};

export const sandbox = z
  .object({
    ...named,
    envdAccessToken: z.string().optional(),
    trafficAccessToken: z.string().nullable(),
    domain: z.string().nullable(),
  })
  .meta({ id: 'E2bSandbox' });

const listedFields = {
  ...named,
  startedAt: z.string(),
  endAt: z.string(),
  cpuCount: z.number(),
  memoryMB: z.int(),
  diskSizeMB: z.int(),
  metadata: z.record(z.string(), z.string()),
  state: z.enum(['running', 'paused']),
};

export const listed = z.array(z.object(listedFields));

export const detail = z
  .object({
    ...listedFields,
    envdAccessToken: z.string().optional(),
    allowInternetAccess: z.boolean(),
    domain: z.string().nullable(),
    network: z.object({
      allowOut: z.array(z.string()),
      denyOut: z.array(z.string()),
      allowPublicTraffic: z.boolean(),
      maskRequestHost: z.string().optional(),
    }),
    lifecycle: z.object({ onTimeout: z.enum(['kill', 'pause']), autoResume: z.boolean() }),
  })
  .meta({ id: 'E2bSandboxDetail' });

export const plainListQuery = z.object({ metadata: z.string().optional() });

export const listQuery = z.object({
  metadata: z
    .string()
    .optional()
    .meta({ description: 'A query string of encoded names and values, all of which must fit.' }),
  state: z
    .union([z.string(), z.array(z.string())])
    .optional()
    .meta({ description: 'running, paused, or both with a comma; both if absent.' }),
  order: z.string().optional().meta({ description: 'asc or desc by the start; desc if absent.' }),
  startedAfter: z.string().optional(),
  template: z.string().optional(),
  limit: z.string().optional().meta({ description: 'From 1 to 100, which it is if absent.' }),
  nextToken: z.string().optional().meta({ description: 'Of the header x-next-token of the page before.' }),
});

const unixSeconds = z.coerce.number().min(0).optional().meta({ description: 'Unix seconds.' });

export const metricsQuery = z.object({ start: unixSeconds, end: unixSeconds });

export const lastMetricsQuery = z.object({ sandbox_ids: z.union([z.string(), z.array(z.string())]) });

const metric = z.object({
  timestamp: z.string(),
  timestampUnix: z.int(),
  cpuCount: z.number(),
  cpuUsedPct: z.number().meta({ description: '100 is one CPU in full use.' }),
  memUsed: z.number(),
  memTotal: z.number(),
  memCache: z.number(),
  diskUsed: z.number(),
  diskTotal: z.number(),
});

export const metrics = z.array(metric);

export const lastMetrics = z.object({ sandboxes: z.record(z.string(), metric) });

export const logs = z.object({ logs: z.array(z.object({})), logEntries: z.array(z.object({})) });

export const logsV2 = z.object({ logs: z.array(z.object({})) });

export const timeoutBody = z.object({ timeout: seconds });
export const refreshBody = z.object({ duration: z.int().min(0).max(3600).nullish() }).nullish();
export const connectBody = z.object({ timeout: seconds, memory: z.boolean().nullish() });
export const connectBodyV2 = z.object({ timeout: seconds.nullish(), memory: z.boolean().nullish() }).nullish();
export const resumeBody = z.object({ timeout: seconds.nullish(), autoPause: z.boolean().nullish() }).nullish();
export const forkBody = z.object({ timeout: seconds.nullish(), count: z.int().min(1).max(100).nullish() }).nullish();

export const forked = z.array(
  z.object({ sandbox: sandbox.optional(), error: z.object({ code: z.int(), message: z.string() }).optional() }),
);

export const pauseBody = z.object({ memory: z.boolean().nullish() }).nullish();
