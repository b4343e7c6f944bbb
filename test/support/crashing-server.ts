import childProcess from 'node:child_process';
import fileSystem from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { pino } from 'pino';
import { z } from 'zod';
import { readAgentSource } from '../../src/agent/link/source.ts';
import { buildApp } from '../../src/app.ts';
import { systemClock } from '../../src/async/clock.ts';
import { parseConfig } from '../../src/config/config.ts';
import type { Engine } from '../../src/engines/engine.ts';
import { Pool } from '../../src/sandboxes/placement/pool.ts';
import { SandboxStore } from '../../src/sandboxes/storage/store.ts';
import { createTestEngine } from './engine-under-test.ts';
import { until } from './until.ts';

/**
 * A server that kills itself with SIGKILL at a step such as `before engine.create`, `after store.write` or
 * `before fs.rename sandbox.json` or `before run chmod`. The step is in CRASH_AT and counts once the pool opens, or comes as a message, which is
 * answered once it counts; the message `pool` is answered when a sandbox waits in the pool.
 */
const steps = { last: '' };

const STORE_STEPS = ['write', 'claimPoolFolder', 'openFolders', 'closeFolders'] as const;

type Work = (...parameters: unknown[]) => unknown;

function reach(step: string): void {
  if (steps.last === step) process.kill(process.pid, 'SIGKILL');
}

function watched(toStep: (parameters: unknown[]) => string, work: Work): Work {
  return async function (this: unknown, ...parameters) {
    const step = toStep(parameters);
    reach(`before ${step}`);
    const result = await work.apply(this, parameters);
    reach(`after ${step}`);
    return result;
  };
}

function watchEngine(engine: Engine): Engine {
  return new Proxy(engine, {
    get: (target, name) => {
      const value: unknown = Reflect.get(target, name);
      return typeof value === 'function' ? watched(() => `engine.${String(name)}`, value.bind(target)) : value;
    },
  });
}

function watchStore(): void {
  for (const name of STORE_STEPS) {
    const work: Work = Reflect.get(SandboxStore.prototype as object, name);
    Reflect.set(
      SandboxStore.prototype,
      name,
      watched(() => `store.${name}`, work),
    );
  }
  const { rename, rm } = fileSystem;
  Reflect.set(
    fileSystem,
    'rename',
    watched(([, target]) => `fs.rename ${basename(String(target))}`, rename as Work),
  );
  Reflect.set(
    fileSystem,
    'rm',
    watched(([file]) => `fs.rm ${basename(String(file))}`, rm as Work),
  );
  const { execFile } = childProcess;
  Reflect.set(childProcess, 'execFile', (program: string, ...parameters: unknown[]) => {
    reach(`before run ${program}`);
    return Reflect.apply(execFile, childProcess, [program, ...parameters]);
  });
  syncBuiltinESMExports();
}

function watchPool(): () => Promise<void> {
  let pool: Pool | undefined;
  const { open } = Pool.prototype;
  Pool.prototype.open = function (this: Pool) {
    pool = this;
    steps.last = process.env.CRASH_AT ?? '';
    open.call(this);
  };
  return () => until('the pool is filled', () => (pool?.size ?? 0) > 0);
}

const poolIsFilled = watchPool();
watchStore();
process.on('message', async (message) => {
  const text = z.string().parse(message);
  if (text === 'pool') await poolIsFilled();
  else steps.last = text;
  process.send?.('done');
});
const config = parseConfig(process.env);
const app = await buildApp({
  config,
  engine: watchEngine(createTestEngine()),
  agentSource: await readAgentSource(new URL('../../agent/', import.meta.url)),
  clock: systemClock,
  logger: pino({ level: 'info' }),
  version: '0.0.0-test',
  readyMs: 40_000,
});
await app.listen({ host: config.host, port: config.port });
