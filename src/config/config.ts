import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { type ApiKey, hashKey, masterKey } from '../auth/api-keys.ts';
import { parseAddress } from '../ip-address.ts';
import { explainConflict } from './conflicts.ts';
import { readEnvFile } from './env-file.ts';
import {
  apiKeys,
  bridgePool,
  flag,
  hostAndPort,
  hostName,
  imagePatterns,
  integer,
  integerOr,
  jwtSecret,
  number,
  origins,
  patterns,
  preload,
  ranges,
  size,
  sizeOrNone,
  uidRange,
} from './fields.ts';
import { unneededNames, withGuideNames } from './guide-names.ts';
import { templatesFile } from './templates.ts';
import { explainUnknownNames } from './variable-names.ts';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** Every variable that the server reads, with its default; `.env.example` explains each. */
export const environmentSchema = z.object({
  SANDBOX_API_KEY: z
    .string()
    .min(8, 'must have 8 characters or more')
    // A header carries nothing else unchanged.
    .regex(/^[!-~](?:[ -~]*[!-~])?$/, 'must be plain ASCII without spaces around it')
    .optional(),
  SANDBOX_API_KEYS: apiKeys.default([]),
  SANDBOX_RATE_LIMIT: integer(0, 1_000_000).default(2000),
  SANDBOX_MAX_CONNECTIONS: integer(10, 100_000).default(2000),
  SANDBOX_MAX_CONNECTIONS_PER_ADDRESS: integer(1, 100_000).default(1500),
  SANDBOX_TRUSTED_PROXIES: ranges.default([]),
  SANDBOX_CORS_ORIGINS: origins.default([]),
  SANDBOX_PUBLIC_URL: z
    .union([z.literal(''), z.url({ protocol: /^https?$/ }).regex(/^[^?#]*[^/?#]$/, 'must end without a slash')])
    .default(''),
  SANDBOX_METRICS_TOKEN: z
    .string()
    .min(16, 'must have 16 characters or more')
    .regex(/^[!-~]*$/, 'must be plain ASCII')
    .optional(),
  SANDBOX_METRICS_ADDRESS: hostAndPort.optional(),
  SANDBOX_METRICS_PER_SANDBOX: flag.default('false'),
  JWT_SECRET: jwtSecret.optional(),
  SANDBOX_API_HOST: z.string().min(1).default('0.0.0.0'),
  SANDBOX_API_PORT: integer(0, 65_535).default(8080),
  SANDBOX_DOMAIN: z
    .string()
    .regex(/^(?:\*\.)?[\p{L}\p{N}.-]+(?::\d+)?$/u, 'must be a name such as sandbox.example.org')
    .default('localhost'),
  SANDBOX_PREVIEW_DOMAIN: hostName.optional(),
  SANDBOX_DATA_DIR: z.string().refine(isAbsolute, 'must be an absolute path').default('/data/sandboxes'),
  SANDBOX_MAX_CONTAINERS: integer(1, 10_000).default(50),
  SANDBOX_POOL_SIZE: integerOr('auto', 0, 1000).default('auto'),
  SANDBOX_AGENT_TRANSPORT: z.enum(['socket', 'exec']).default('socket'),
  SANDBOX_DOCKER_IMAGE: z.string().min(1).default('clara-sandbox:latest'),
  SANDBOX_DOCKER_IMAGES: imagePatterns.default([]),
  SANDBOX_DOCKER_RUNTIME: z
    .string()
    .regex(/^[\w.-]+$/, 'must be the name of a runtime of the engine')
    .default('runc'),
  SANDBOX_DOCKER_SECCOMP: z.enum(['strict', 'engine'], 'must be strict or engine').default('strict'),
  SANDBOX_DOCKER_TIMEOUT: integer(1, 31_536_000).default(900),
  SANDBOX_PAUSE_AFTER: integer(0, 31_536_000).default(300),
  SANDBOX_IDLE_MAX: integer(10, 31_536_000).default(86_400),
  SANDBOX_PAUSED_KEEP: integer(0, 31_536_000).default(86_400),
  SANDBOX_BACKGROUND_MAX: integer(0, 31_536_000).default(21_600),
  SANDBOX_DOCKER_MEMORY: size(64 * 2 ** 20).prefault('512m'),
  SANDBOX_DOCKER_MEMORY_MAX: size(64 * 2 ** 20).prefault('2g'),
  SANDBOX_DOCKER_CPU: number(0.1, 4096).default(1),
  SANDBOX_DOCKER_CPU_MAX: number(0.1, 4096).default(4),
  SANDBOX_UID_RANGE: uidRange.prefault('auto'),
  SANDBOX_PIDS_LIMIT: integer(32, 32_768).default(256),
  SANDBOX_TMP_SIZE: size(2 ** 20).prefault('128m'),
  SANDBOX_DISK_LIMIT: sizeOrNone(32 * 2 ** 20).prefault('5g'),
  SANDBOX_DISK_MECHANISM: z.enum(['auto', 'loop', 'measure'], 'must be auto, loop or measure').default('auto'),
  SANDBOX_DISK_SERVICE: z.string().refine(isAbsolute, 'must be the absolute path of a socket').optional(),
  SANDBOX_DISK_RESERVE: sizeOrNone(1).prefault('1g'),
  SANDBOX_CHECKPOINTS_MAX: integer(0, 1000).default(8),
  SANDBOX_SNAPSHOTS_MAX: integer(0, 10_000).default(32),
  SANDBOX_TEMPLATES: templatesFile.optional(),
  SANDBOX_E2B_SECURE: z.enum(['auto', 'always', 'asked'], 'must be auto, always or asked').default('auto'),
  SANDBOX_NETWORK: z.enum(['none', 'proxy', 'bridge'], 'must be none, proxy or bridge').default('proxy'),
  SANDBOX_BRIDGE_POOL: bridgePool.default('10.213.0.0/16'),
  SANDBOX_BRIDGE_DNS: z
    .string()
    .transform((text) => text.split(',').map((part) => part.trim()))
    .refine((servers) => servers.every((server) => parseAddress(server)), 'must be addresses with commas between')
    .prefault('1.1.1.1,9.9.9.9'),
  SANDBOX_EGRESS_ALLOW: patterns.default([]),
  SANDBOX_EGRESS_DENY: patterns.default([]),
  SANDBOX_EGRESS_MAX_CONNECTIONS: integer(1, 120).default(64),
  SANDBOX_EGRESS_BANDWIDTH: sizeOrNone(1024).prefault('0'),
  SANDBOX_EGRESS_MAX_BYTES: sizeOrNone(1024).prefault('0'),
  SANDBOX_PYTHON_PRELOAD: preload.prefault('auto'),
  SANDBOX_OUTPUT_LIMIT: size(1024).prefault('1m'),
  SANDBOX_BODY_LIMIT: size(2 ** 20).prefault('64m'),
  SANDBOX_MAX_EXECUTIONS: integer(1, 200).default(32),
  SANDBOX_MAX_PROCESSES: integer(1, 1024).default(64),
  SANDBOX_MAX_CONTEXTS: integer(1, 256).default(16),
  SANDBOX_EXECUTE_STATEFUL: flag.default('false'),
  SANDBOX_TIMEOUT_MAX: integer(1, 604_800).default(86_400),
  SANDBOX_LOG_USERS: z.enum(['on', 'off'], 'must be on or off').default('on'),
  SANDBOX_LOG_LEVEL: z.enum(LOG_LEVELS, `must be one of ${LOG_LEVELS.join(', ')}`).default('info'),
});

type Environment = z.output<typeof environmentSchema>;

/** The configuration, validated and frozen; sizes in bytes, times in seconds where the name says nothing else. */
export type Config = ReturnType<typeof toConfig>;

/** A variable has a wrong value; the message names it and says what it must be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/**
 * Reads `.env` in the given folder and the environment, which wins; throws a ConfigError that names each wrong or unknown variable.
 * Where the port is published counts from the environment only, where docker-compose.yml sets it: in `.env` it is about Compose.
 */
export function loadConfig(folder: string, environment: NodeJS.ProcessEnv): Config {
  const read = readEnvFile(folder);
  if (read instanceof Error) throw new ConfigError(`The file ${folder}/.env cannot be read.`, { cause: read });
  const { SANDBOX_PUBLISH_ADDRESS: _, ...file } = read;
  requireKnownNames({ [`${folder}/.env`]: Object.keys(file), 'the environment': Object.keys(environment) });
  return parseConfig({ ...file, ...environment });
}

/** Throws a ConfigError for names that look like variables of this project and are none, by the place that has them. */
export function requireKnownNames(places: Readonly<Record<string, readonly string[]>>): void {
  const known = Object.keys(environmentSchema.shape);
  const sentences = Object.entries(places).flatMap(([place, names]) => explainUnknownNames(names, known, place));
  if (sentences.length > 0) throw new ConfigError(`${sentences.join('; ')}. See .env.example.`);
}

/** Reads variables as this schema says; an empty value counts as absent. Throws a ConfigError that names each wrong one. */
export function parseVariables<T>(schema: z.ZodType<T>, variables: Readonly<Record<string, string | undefined>>): T {
  const present = Object.fromEntries(
    Object.entries(variables).filter(([, value]) => value !== undefined && value !== ''),
  );
  const parsed = schema.safeParse(present);
  if (parsed.success) return parsed.data;
  const sentences = parsed.error.issues.map((issue) => `${issue.path.join('.')} ${issue.message}`);
  throw new ConfigError(`The configuration is wrong: ${sentences.join('; ')}. See .env.example.`);
}

/** The configuration that these variables make; an empty value counts as absent. */
export function parseConfig(variables: Readonly<Record<string, string | undefined>>): Config {
  const env = parseVariables(environmentSchema, withGuideNames(variables));
  const problem = explainConflict(env);
  if (problem) throw new ConfigError(problem);
  return toConfig(env, variables.SANDBOX_PUBLISH_ADDRESS || null, unneededNames(variables));
}

function toConfig(env: Environment, publishAddress: string | null, unneeded: readonly string[]) {
  return Object.freeze({
    apiKeys: [
      ...(env.SANDBOX_API_KEY === undefined ? [] : [masterKey(env.SANDBOX_API_KEY)]),
      ...env.SANDBOX_API_KEYS,
    ] satisfies readonly ApiKey[],
    requestsPerSecond: env.SANDBOX_RATE_LIMIT,
    maxConnections: env.SANDBOX_MAX_CONNECTIONS,
    maxConnectionsPerAddress: env.SANDBOX_MAX_CONNECTIONS_PER_ADDRESS,
    trustedProxies: env.SANDBOX_TRUSTED_PROXIES,
    corsOrigins: env.SANDBOX_CORS_ORIGINS,
    /** What URLs of this server begin with; null for what each request was sent to. */
    publicUrl: env.SANDBOX_PUBLIC_URL || null,
    /** SHA-256 of what lets read metrics beside the keys; null where nothing does. */
    metricsTokenDigest: env.SANDBOX_METRICS_TOKEN === undefined ? null : hashKey(env.SANDBOX_METRICS_TOKEN),
    /** Where metrics are read without a key; null for nowhere. */
    metricsAddress: env.SANDBOX_METRICS_ADDRESS ?? null,
    /** True if metrics name single sandboxes, by ids that are no user's. */
    metricsPerSandbox: env.SANDBOX_METRICS_PER_SANDBOX === 'true',
    /** What signs the tokens of Cloud's users; null for a key of this server's own. */
    jwtSecret: env.JWT_SECRET ?? null,
    /** Variables that are set and name what this server does without. */
    unneededVariables: unneeded,
    host: env.SANDBOX_API_HOST,
    port: env.SANDBOX_API_PORT,
    /** Where the port listens on the machine that this server's container is on; null for a server that is in none of Compose's. */
    publishAddress,
    domain: env.SANDBOX_DOMAIN,
    /** Where previews have hosts of their own; null for localhost. */
    previewDomain: env.SANDBOX_PREVIEW_DOMAIN ?? null,
    dataDir: env.SANDBOX_DATA_DIR,
    maxSandboxes: env.SANDBOX_MAX_CONTAINERS,
    poolSize: env.SANDBOX_POOL_SIZE,
    agentTransport: env.SANDBOX_AGENT_TRANSPORT,
    image: env.SANDBOX_DOCKER_IMAGE,
    imagePatterns: env.SANDBOX_DOCKER_IMAGES,
    runtime: env.SANDBOX_DOCKER_RUNTIME,
    seccomp: env.SANDBOX_DOCKER_SECCOMP,
    stopAfterSeconds: env.SANDBOX_DOCKER_TIMEOUT,
    pauseAfterSeconds: env.SANDBOX_PAUSE_AFTER,
    idleMaxSeconds: env.SANDBOX_IDLE_MAX,
    pausedKeepSeconds: env.SANDBOX_PAUSED_KEEP,
    backgroundSeconds: env.SANDBOX_BACKGROUND_MAX,
    memoryBytes: env.SANDBOX_DOCKER_MEMORY,
    maxMemoryBytes: env.SANDBOX_DOCKER_MEMORY_MAX,
    cpus: env.SANDBOX_DOCKER_CPU,
    maxCpus: env.SANDBOX_DOCKER_CPU_MAX,
    uidRange: env.SANDBOX_UID_RANGE,
    pidsLimit: env.SANDBOX_PIDS_LIMIT,
    tmpBytes: env.SANDBOX_TMP_SIZE,
    diskLimitBytes: env.SANDBOX_DISK_LIMIT,
    diskMechanism: env.SANDBOX_DISK_MECHANISM,
    diskService: env.SANDBOX_DISK_SERVICE ?? null,
    diskReserveBytes: env.SANDBOX_DISK_RESERVE,
    maxCheckpoints: env.SANDBOX_CHECKPOINTS_MAX,
    /** Of one key. */
    maxSnapshots: env.SANDBOX_SNAPSHOTS_MAX,
    /** What E2B's clients make sandboxes from, by name, beside what they find everywhere. */
    templates: env.SANDBOX_TEMPLATES ?? {},
    /** True if a token alone opens sandboxes of E2B's clients, also of those that ask for none. */
    isAlwaysSecure:
      env.SANDBOX_E2B_SECURE === 'always' ||
      (env.SANDBOX_E2B_SECURE === 'auto' && env.SANDBOX_PREVIEW_DOMAIN !== undefined),
    network: env.SANDBOX_NETWORK,
    bridge: { pool: env.SANDBOX_BRIDGE_POOL, nameservers: env.SANDBOX_BRIDGE_DNS },
    egress: {
      rules: { allow: env.SANDBOX_EGRESS_ALLOW, deny: env.SANDBOX_EGRESS_DENY },
      limits: {
        maxConnections: env.SANDBOX_EGRESS_MAX_CONNECTIONS,
        bytesPerSecond: env.SANDBOX_EGRESS_BANDWIDTH,
        maxBytes: env.SANDBOX_EGRESS_MAX_BYTES,
      },
    },
    preload: env.SANDBOX_PYTHON_PRELOAD,
    outputLimitBytes: env.SANDBOX_OUTPUT_LIMIT,
    bodyLimitBytes: env.SANDBOX_BODY_LIMIT,
    maxExecutions: env.SANDBOX_MAX_EXECUTIONS,
    maxProcesses: env.SANDBOX_MAX_PROCESSES,
    maxContexts: env.SANDBOX_MAX_CONTEXTS,
    /** True if an `execute` that names no context uses the default one. */
    isExecuteStateful: env.SANDBOX_EXECUTE_STATEFUL === 'true',
    maxTimeoutSeconds: env.SANDBOX_TIMEOUT_MAX,
    logsUsers: env.SANDBOX_LOG_USERS === 'on',
    logLevel: env.SANDBOX_LOG_LEVEL,
  });
}
