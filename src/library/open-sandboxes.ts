import { randomBytes } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import { pino } from 'pino';
import { z } from 'zod';
import { ClaraClient, type ClientOptions } from '#client';
import { type Settings, settingsWith } from '../config/config.ts';
import type { Mode } from '../config/modes.ts';
import { addRemoteToNote, readEngineNote } from '../modes/engine-note.ts';
import { startServer } from '../start.ts';
import { listenPrivately } from './private-socket.ts';
import { findRoot } from './root.ts';
import { openWebSocket } from './web-socket.ts';

/** How long the other server may take to say that it is there, in milliseconds. */
const HEALTH_MS = 5_000;

/** What a server of this project says that is well, and no other does. */
const wellSchema = z.object({ status: z.literal('healthy'), docker: z.literal(true), engine: z.string() });

/** What sandboxes are opened with; what is absent here is read of the environment, as a server does. */
export interface OpenOptions {
  /** What runs sandboxes: auto, docker, incus, incus-vm or remote. */
  readonly mode?: string;
  /** Where sandboxes live on this machine, an absolute path. */
  readonly dataDir?: string;
  /** The server of mode remote. */
  readonly url?: string;
  /** The key that opens that server. */
  readonly apiKey?: string;
  /** How long an answer may take where the call itself names no time, in seconds; SANDBOX_TIMEOUT in mode remote, else 30, if not given. */
  readonly timeout?: number;
  /** Where the server of this process writes its log; nowhere if not given. */
  readonly logger?: FastifyBaseLogger;
  /** Other variables of the server, by their names in `.env.example`. */
  readonly variables?: Readonly<Record<string, string>>;
}

/** Where a client's requests go, and what ends that. */
interface Way {
  readonly mode: Mode;
  readonly baseUrl: string;
  readonly apiKey: string;
  /** How long an answer may take where neither the program nor the call says it. */
  readonly timeoutSeconds?: number;
  readonly fetch?: NonNullable<ClientOptions['fetch']>;
  readonly webSocket: NonNullable<ClientOptions['webSocket']>;
  close(): Promise<void>;
}

/** The client of the native API for the sandboxes of this process. */
export class OpenSandboxes extends ClaraClient implements AsyncDisposable {
  /** What runs the sandboxes. */
  readonly mode: Mode;
  readonly #close: () => Promise<void>;

  constructor(way: Way, timeout = way.timeoutSeconds) {
    super({ ...way, ...(timeout === undefined ? {} : { timeout }) });
    this.mode = way.mode;
    this.#close = way.close;
  }

  /** Leaves the sandboxes as a server does that ends: those of users run on. */
  async close(): Promise<void> {
    await this.#close();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#close();
  }
}

/**
 * Opens sandboxes for a program, in its own process: a server on a socket that is this process's alone, or another server over HTTP.
 * Listens for no signals. Throws an error whose message says what to do, also where another process has the data folder.
 */
export async function openSandboxes(options: OpenOptions = {}): Promise<OpenSandboxes> {
  const apiKey = `cs_${randomBytes(32).toString('base64url')}`;
  const settings = settingsWith(variablesOf(options), apiKey);
  const way = (await findRemote(settings)) ?? (await openHere(settings.withoutRemote(), apiKey, options.logger));
  return new OpenSandboxes(way, options.timeout);
}

function variablesOf({ mode, dataDir, url, apiKey, variables }: OpenOptions): Record<string, string> {
  const named = { SANDBOX_MODE: mode, SANDBOX_DATA_DIR: dataDir, SANDBOX_API_URL: url, SANDBOX_REMOTE_API_KEY: apiKey };
  const given = Object.entries(named).filter((entry): entry is [string, string] => entry[1] !== undefined);
  return { ...variables, ...Object.fromEntries(given) };
}

/** The other server; null where none is meant, or `auto` finds it away and this folder has never used one. */
async function findRemote(settings: Settings): Promise<Way | null> {
  const { mode, remote, dataDir } = settings;
  if (remote === null || (mode !== 'auto' && mode !== 'remote')) return null;
  if (mode === 'auto') {
    const note = await readEngineNote(dataDir);
    if (note?.used.includes('remote') !== true && !(await isThere(remote.url))) return null;
  }
  // Without a folder nobody falls back from it either.
  await addRemoteToNote(dataDir).catch(() => undefined);
  return {
    ...{ mode: 'remote', baseUrl: remote.url, apiKey: remote.key, timeoutSeconds: remote.timeoutSeconds },
    webSocket: openWebSocket,
    close: async () => undefined,
  };
}

/** Whether a server of this project answers there, and is well. */
async function isThere(url: string): Promise<boolean> {
  try {
    const answer = await fetch(`${url}/health`, { signal: AbortSignal.timeout(HEALTH_MS) });
    return wellSchema.safeParse(await answer.json()).success;
  } catch {
    return false;
  }
}

async function openHere(settings: Settings, apiKey: string, logger?: FastifyBaseLogger): Promise<Way> {
  const log = logger ?? pino({ level: 'silent' });
  const { app, config } = await startServer({ settings, loggerFor: () => log, root: findRoot() });
  try {
    return { mode: config.mode, baseUrl: 'http://localhost', apiKey, ...(await listenPrivately(app)) };
  } catch (error) {
    await app.close();
    throw error;
  }
}
