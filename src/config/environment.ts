import { isAbsolute } from 'node:path';
import { z } from 'zod';
import { parseAddress } from '../base/ip-address.ts';
import {
  apiKeys,
  bridgePool,
  farUrl,
  flag,
  hostAndPort,
  hostName,
  imagePatterns,
  integer,
  integerOr,
  jwtSecret,
  number,
  origins,
  otlpHeaders,
  patterns,
  preload,
  ranges,
  size,
  sizeOrNone,
  uidRange,
} from './fields.ts';
import { mode } from './modes.ts';
import { templatesFile } from './templates.ts';

const LOG_LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const;

/** A key as it is sent: a header carries nothing else unchanged. */
const keyText = z
  .string()
  .min(8, 'must have 8 characters or more')
  .regex(/^[!-~](?:[ -~]*[!-~])?$/, 'must be plain ASCII without spaces around it');

/** Every variable that the server reads, with its default; `.env.example` explains each. */
export const environmentSchema = z.object({
  SANDBOX_MODE: mode.prefault('auto'),
  SANDBOX_API_KEY: keyText.optional(),
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
  SANDBOX_BUILDS: flag.default('false'),
  SANDBOX_GPU: flag.default('false'),
  OTEL_EXPORTER_OTLP_ENDPOINT: z.url({ protocol: /^https?$/, error: 'must be a URL' }).optional(),
  OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: z.url({ protocol: /^https?$/, error: 'must be a URL' }).optional(),
  OTEL_EXPORTER_OTLP_HEADERS: otlpHeaders.prefault(''),
  OTEL_SERVICE_NAME: z.string().default('clara-sandbox'),
  OTEL_TRACES_EXPORTER: z.enum(['otlp', 'none'], 'must be otlp or none').default('otlp'),
  OTEL_SDK_DISABLED: flag.default('false'),
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
  SANDBOX_API_URL: farUrl.optional(),
  SANDBOX_REMOTE_API_KEY: keyText.optional(),
  SANDBOX_TIMEOUT: integer(1, 3_600).default(60),
  // What these are is read under the names of Docker's, in the modes that they are of.
  INCUS_SANDBOX_IMAGE: z.string().optional(),
  INCUS_SANDBOX_TIMEOUT: z.string().optional(),
  INCUS_SANDBOX_MEMORY: z.string().optional(),
  INCUS_SANDBOX_CPU: z.string().optional(),
  INCUS_SANDBOX_TYPE: z.enum(['container', 'vm'], 'must be container or vm').default('container'),
  INCUS_REMOTE: z.string().min(1).default('local'),
  INCUS_TRUST_TOKEN: z.string().min(1).optional(),
  INCUS_PROJECT: z
    .string()
    .regex(/^[\w.-]{1,63}$/, 'must be the name of a project')
    .default('clara-sandbox'),
  INCUS_POOL: z.string().min(1).optional(),
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

/** The variables with their values. */
export type Environment = z.output<typeof environmentSchema>;
