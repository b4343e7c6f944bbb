import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import type { z } from 'zod';
import { type ApiKey, hashKey, masterKey } from '../auth/api-keys.ts';
import { explainConflict } from './conflicts.ts';
import { readEnvFile } from './env-file.ts';
import { type Environment, environmentSchema } from './environment.ts';
import { unneededNames } from './guide-names.ts';
import { type AskedMode, type Mode, toAskedMode } from './modes.ts';
import { idleNames, type Variables, withNamesOf, withWrittenNames } from './names-of-modes.ts';
import { type Remote, toRemote } from './remote.ts';
import { toTracing } from './tracing.ts';
import { explainUnknownNames } from './variable-names.ts';

/** The configuration, validated and frozen; sizes in bytes, times in seconds where the name says nothing else. */
export type Config = ReturnType<typeof toConfig>;

/** A variable has a wrong value; the message names it and says what it must be. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError';
}

/** What an operator has set: what is asked for, and what each mode makes of the rest. */
export interface Settings {
  readonly mode: AskedMode;
  readonly incusType: 'container' | 'vm';
  readonly dataDir: string;
  /** Null where no other server is named, or there is no key for it. */
  readonly remote: Remote | null;
  /** The same, as if no other server were named. */
  withoutRemote(): Settings;
  /** The configuration in this mode; throws a ConfigError that names each wrong variable. */
  configFor(mode: Mode): Config;
}

/**
 * Reads `.env` in the given folder and the environment, which wins; throws a ConfigError that names each wrong or unknown variable.
 * Where the port is published counts from the environment only, where docker-compose.yml sets it: in `.env` it is about Compose.
 */
export function loadSettings(folder: string, environment: NodeJS.ProcessEnv): Settings {
  const read = readEnvFile(folder);
  if (read instanceof Error) throw new ConfigError(`The file ${folder}/.env cannot be read.`, { cause: read });
  const { SANDBOX_PUBLISH_ADDRESS: _, ...file } = read;
  requireKnownNames({ [`${folder}/.env`]: Object.keys(file), 'the environment': Object.keys(environment) });
  return parseSettings({ ...file, ...environment });
}

/**
 * What a program says that has the server in itself, and the environment where it says nothing. The only key here is one of the
 * process; what the variables have opens another server alone. Throws a ConfigError that names each wrong or unknown variable.
 */
export function settingsWith(given: Readonly<Record<string, string>>, key: string): Settings {
  requireKnownNames({ 'what openSandboxes was given': Object.keys(given) });
  const variables: Record<string, string | undefined> = { ...process.env, ...given };
  const farKey = variables.SANDBOX_REMOTE_API_KEY || variables.SANDBOX_API_KEY;
  const isRemote = variables.SANDBOX_MODE === 'remote';
  if (isRemote && !farKey)
    throw new ConfigError('Mode remote needs apiKey, or SANDBOX_REMOTE_API_KEY: a key of the server.');
  return parseSettings({
    ...variables,
    ...{ SANDBOX_API_KEY: key, SANDBOX_API_KEYS: '', SANDBOX_RATE_LIMIT: '0', SANDBOX_METRICS_ADDRESS: '' },
    ...(farKey ? { SANDBOX_REMOTE_API_KEY: farKey } : { SANDBOX_API_URL: '' }),
  });
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

/** What these variables say; an empty value counts as absent. Throws a ConfigError that names each wrong one. */
export function parseSettings(variables: Variables): Settings {
  const { env } = parseFor(undefined, variables);
  return {
    mode: toAskedMode(env),
    incusType: env.INCUS_SANDBOX_TYPE,
    dataDir: env.SANDBOX_DATA_DIR,
    remote: toRemote(env),
    withoutRemote: () => parseSettings({ ...variables, SANDBOX_API_URL: '' }),
    configFor: (mode) => parseConfig(variables, mode),
  };
}

/** The configuration that these variables make in a mode; where none is given and `auto` asked for, in that of Docker. */
export function parseConfig(variables: Variables, given?: Mode): Config {
  const { env, mode } = parseFor(given, variables);
  return toConfig(env, mode, {
    publishAddress: variables.SANDBOX_PUBLISH_ADDRESS || null,
    unneeded: unneededNames(variables),
    idle: idleNames(mode, withoutDefaults(variables), Object.keys(environmentSchema.shape)),
  });
}

function parseFor(given: Mode | undefined, variables: Variables): { readonly env: Environment; readonly mode: Mode } {
  const modes = environmentSchema.pick({ SANDBOX_MODE: true, INCUS_SANDBOX_TYPE: true });
  const asked = toAskedMode(parseVariables(modes, variables));
  const mode = given ?? (asked === 'auto' ? 'docker' : asked);
  const { variables: read, written } = withNamesOf(mode, variables);
  try {
    const env = parseVariables(environmentSchema, read);
    const problem = explainConflict(env);
    if (problem) throw new ConfigError(problem);
    return { env, mode };
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    throw new ConfigError(withWrittenNames(error.message, written), { cause: error.cause });
  }
}

/** Those that are set to what they are without that are as good as not set. */
function withoutDefaults(variables: Variables): Variables {
  const shape: Readonly<Record<string, z.ZodType>> = environmentSchema.shape;
  const isDefault = (name: string, value: string | undefined) => {
    const [set, unset] = [shape[name]?.safeParse(value), shape[name]?.safeParse(undefined)];
    return set?.success === true && unset?.success === true && isDeepStrictEqual(set.data, unset.data);
  };
  return Object.fromEntries(Object.entries(variables).filter(([name, value]) => !isDefault(name, value)));
}

interface Beside {
  readonly publishAddress: string | null;
  readonly unneeded: readonly string[];
  readonly idle: readonly string[];
}

function toConfig(env: Environment, mode: Mode, { publishAddress, unneeded, idle }: Beside) {
  return Object.freeze({
    mode,
    incus: {
      remote: env.INCUS_REMOTE,
      project: env.INCUS_PROJECT,
      pool: env.INCUS_POOL ?? null,
      images: [env.SANDBOX_DOCKER_IMAGE, ...env.SANDBOX_DOCKER_IMAGES],
      trustToken: env.INCUS_TRUST_TOKEN ?? null,
      trustFolder: join(env.SANDBOX_DATA_DIR, 'incus'),
    },
    remote: toRemote(env),
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
    /** Where traces are sent; null for nowhere. */
    tracing: toTracing(env),
    /** True if metrics name single sandboxes, by ids that are no user's. */
    metricsPerSandbox: env.SANDBOX_METRICS_PER_SANDBOX === 'true',
    /** True if clients of the manager may have images built. */
    allowsBuilds: env.SANDBOX_BUILDS === 'true',
    /** True if clients of the manager may have devices for computing. */
    allowsDevices: env.SANDBOX_GPU === 'true',
    /** What signs the tokens of Cloud's users; null for a key of this server's own. */
    jwtSecret: env.JWT_SECRET ?? null,
    /** Variables that are set and name what this server does without. */
    unneededVariables: unneeded,
    /** Variables that are set and do nothing in this mode. */
    idleVariables: idle,
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
