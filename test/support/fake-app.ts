import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { FastifyInstance, InjectOptions, LightMyRequestResponse } from 'fastify';
import { pino } from 'pino';
import type { AgentSource } from '../../src/agent/link/source.ts';
import { buildApp } from '../../src/app.ts';
import type { AppParts } from '../../src/app-parts.ts';
import type { Clock } from '../../src/async/clock.ts';
import { parseConfig } from '../../src/config/config.ts';
import { FakeEngine } from '../fakes/fake-engine.ts';

/** The key of the server in tests. */
export const API_KEY = 'key-for-these-tests';

const SOURCE: AgentSource = { bootstrap: 'pass', bundle: Buffer.from('{}'), hash: 'test' };

/** Takes a folder without the program that locks it: each of a thousand apps would start a process for it. */
const takeUnlocked = async () => ({ close: async () => undefined });

/** A clock that stands still until the test moves it. */
export class FakeClock implements Clock {
  nowMs = Date.UTC(2026, 0, 1);
  /** How far the wall clock has jumped. */
  wallOffsetMs = 0;

  wallMs(): number {
    return this.nowMs + this.wallOffsetMs;
  }

  monotonicMs(): number {
    return this.nowMs;
  }
}

/** The whole app over a fake engine, to be injected into. */
export interface FakeApp {
  readonly app: FastifyInstance;
  readonly engine: FakeEngine;
  readonly clock: FakeClock;
  readonly dataDir: string;
  /** Sends a request with the right key. */
  call(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    url: string,
    body?: unknown,
  ): Promise<LightMyRequestResponse>;
  inject(options: InjectOptions): Promise<LightMyRequestResponse>;
  close(): Promise<void>;
}

/** The native dialect and those of these names: an app of all that there are takes three times as long to build. */
export function speaking(...names: readonly string[]): Pick<Required<AppParts>, 'dialects'> {
  return speakingOnly('clara', ...names);
}

/** The dialects of these names: a test that asks nothing in the native one is spared half of its start. */
export function speakingOnly(...names: readonly string[]): Pick<Required<AppParts>, 'dialects'> {
  return { dialects: (own) => own.filter(({ name }) => names.includes(name)) };
}

/** Parts of an app that has the OpenAPI documents and their pages, too. */
export const WITH_DOCUMENTS: Pick<Required<AppParts>, 'hasDocuments'> = { hasDocuments: true };

/** Builds an app, as `startFakeApp` does, that speaks the native dialect alone. */
export async function startNativeApp(
  variables?: Readonly<Record<string, string>>,
  engine?: FakeEngine,
  parts: Partial<AppParts> = {},
): Promise<FakeApp> {
  return await startFakeApp(variables, engine, { ...speaking(), ...parts });
}

/**
 * Builds the app in a data folder of its own, without its OpenAPI documents; `variables` are those of the environment, `parts` replace
 * the usual ones.
 */
export async function startFakeApp(
  variables: Readonly<Record<string, string>> = {},
  engine: FakeEngine = new FakeEngine(),
  parts: Partial<AppParts> = {},
): Promise<FakeApp> {
  const dataDir = variables.SANDBOX_DATA_DIR ?? (await mkdtemp(join(tmpdir(), 'clara-http-')));
  const clock = new FakeClock();
  const config = parseConfig({
    SANDBOX_API_KEY: API_KEY,
    SANDBOX_DATA_DIR: dataDir,
    SANDBOX_POOL_SIZE: '0',
    SANDBOX_DISK_MECHANISM: 'measure',
    ...variables,
  });
  const logger = pino({ level: 'silent' });
  const app = await buildApp({
    ...{ config, engine, agentSource: SOURCE, clock, logger, version: '0.0.0-test' },
    ...{ takeFolder: takeUnlocked, hasDocuments: false },
    ...parts,
  });
  await app.ready();
  return {
    app,
    engine,
    clock,
    dataDir,
    call: (method, url, body) =>
      app.inject({
        method,
        url,
        headers: { 'x-api-key': API_KEY },
        ...(body === undefined ? {} : { payload: body as object }),
      }),
    inject: (options) => app.inject(options),
    close: async () => {
      await app.close();
      // A start that a close has given up may still be writing what it undoes.
      await rm(dataDir, { recursive: true, force: true, maxRetries: 10 });
    },
  };
}
