import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance } from 'fastify';
import { pino } from 'pino';
import { readAgentSource } from '../../src/agent/link/source.ts';
import { buildApp } from '../../src/app.ts';
import type { AppParts } from '../../src/app-parts.ts';
import { systemClock } from '../../src/async/clock.ts';
import { parseConfig } from '../../src/config/config.ts';
import { LABEL } from '../../src/sandboxes/spec/engine-spec.ts';
import { exposeYoungCollection } from '../../src/young-garbage.ts';
import { createTestEngine } from './engine-under-test.ts';
import { startGateway } from './gateway.ts';
import { unmountAllBelow } from './mounts.ts';
import { RUNTIME } from './runtime.ts';

const API_KEY = 'key-for-these-tests';

/** How long a call may wait for its sandbox, in milliseconds: on a busy machine starts take longer than clients wait, on gVisor more so. */
const READY_MS = 40_000;

/** How long a run may take where a test says nothing of that, in seconds: on a busy machine several times what it takes on its own. */
const RUN_SECONDS = 120;

/** What a route answered; `body` is parsed JSON. */
export interface Answer {
  readonly status: number;
  // biome-ignore lint/suspicious/noExplicitAny: the tests say what they expect of it
  readonly body: any;
  readonly headers: Headers;
}

/** The whole server on the real engine, on a port of its own. */
export interface RealServer {
  readonly app: FastifyInstance;
  readonly url: string;
  readonly apiKey: string;
  readonly dataDir: string;
  call(method: string, path: string, body?: unknown, init?: RequestInit): Promise<Answer>;
  execute(user: string, code: string, more?: Readonly<Record<string, unknown>>): Promise<Answer>;
  shell(user: string, command: string, more?: Readonly<Record<string, unknown>>): Promise<Answer>;
  /** Closes the server and leaves its sandboxes and its folder. */
  leave(): Promise<void>;
  /** Closes the server and removes its sandboxes and its folder. */
  close(): Promise<void>;
}

/** A gateway with the server's own key, so that what is tried through it sees no difference. */
const AS_THE_SERVER = { SANDBOX_API_KEY: API_KEY, SANDBOX_API_KEYS: '', SANDBOX_REMOTE_API_KEY: '' };

/** Starts the server, behind a gateway where CLARA_TEST_GATEWAY is set; `variables` are those of the environment, `parts` replace parts of the app. */
export async function startRealServer(
  variables: Readonly<Record<string, string>> = {},
  parts: Partial<AppParts> = {},
): Promise<RealServer> {
  const dataDir = variables.SANDBOX_DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'clara-it-')));
  const config = parseConfig({
    SANDBOX_API_KEY: API_KEY,
    SANDBOX_DATA_DIR: dataDir,
    SANDBOX_NETWORK: 'none',
    SANDBOX_POOL_SIZE: '0',
    SANDBOX_DOCKER_RUNTIME: RUNTIME,
    SANDBOX_DOCKER_IMAGE: process.env.CLARA_TEST_IMAGE ?? '',
    ...variables,
  });
  const app = await buildAppOrClean(dataDir, {
    config,
    engine: createTestEngine(),
    agentSource: await readAgentSource(new URL('../../agent/', import.meta.url)),
    clock: systemClock,
    collectYoung: exposeYoungCollection(),
    logger: pino({ level: process.env.TEST_LOG_LEVEL ?? 'silent' }),
    version: '0.0.0-test',
    readyMs: READY_MS,
    ...parts,
  });
  const farUrl = await app.listen({ host: '127.0.0.1', port: 0 });
  const gateway = process.env.CLARA_TEST_GATEWAY === undefined ? null : await startGateway(farUrl, AS_THE_SERVER);
  const url = gateway?.url ?? farUrl;

  const call = async (method: string, path: string, body?: unknown, init: RequestInit = {}): Promise<Answer> => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers: { 'x-api-key': API_KEY, ...(body === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      ...init,
    });
    const text = await response.text();
    return { status: response.status, body: text === '' ? null : JSON.parse(text), headers: response.headers };
  };
  const userPath = (user: string) => `/sandbox/${encodeURIComponent(user)}`;
  return {
    app,
    url,
    apiKey: API_KEY,
    dataDir,
    call,
    execute: (user, code, more = {}) =>
      call('POST', `${userPath(user)}/execute`, { timeout: RUN_SECONDS, code, ...more }),
    shell: (user, command, more = {}) =>
      call('POST', `${userPath(user)}/shell`, { timeout: RUN_SECONDS, command, ...more }),
    leave: async () => {
      await gateway?.close();
      await app.close();
    },
    close: async () => {
      await gateway?.close();
      await app.close();
      await removeAll(dataDir);
    },
  };
}

async function buildAppOrClean(dataDir: string, parts: AppParts): Promise<FastifyInstance> {
  try {
    return await buildApp(parts);
  } catch (error) {
    // What kept the server from starting says more than what is left of it.
    await removeAll(dataDir).catch(() => undefined);
    throw error;
  }
}

/** Removes every sandbox that a server with this data folder made, and the folder. */
export async function removeAll(dataDir: string): Promise<void> {
  await removeSandboxes(dataDir);
  await unmountAllBelow(dataDir);
  await rm(dataDir, { recursive: true, force: true });
}

/** Removes every sandbox that a server with this data folder made from the engine. */
export async function removeSandboxes(dataDir: string): Promise<void> {
  const instance = await readFile(join(dataDir, 'instance'), 'utf8').catch(() => null);
  if (instance !== null) {
    const engine = createTestEngine();
    try {
      for (const sandbox of await engine.list({ [LABEL.instance]: instance })) await engine.remove(sandbox.id);
    } finally {
      await engine.close();
    }
  }
}
