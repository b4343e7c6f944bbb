import { expect, it } from 'vitest';
import { createDeferred } from '../../../../src/async/deferred.ts';
import { toSandboxId } from '../../../../src/base/sandbox-address.ts';
import { CoreEvents } from '../../../../src/observability/core-events.ts';
import { DEFAULT_LIFE } from '../../../../src/sandboxes/asked/life-policy.ts';
import { Sandbox } from '../../../../src/sandboxes/registry/sandbox.ts';
import { newRecord } from '../../../../src/sandboxes/storage/record.ts';
import { Reaper } from '../../../../src/sandboxes/upkeep/reaper.ts';

it('a sandbox that is being started again as its time is over is not stopped behind that', async () => {
  const address = { namespace: 'clara', id: 'ada' };
  const sandbox = new Sandbox(toSandboxId(address), address, null, 1, new CoreEvents(() => undefined));
  const life = { ...DEFAULT_LIFE, end: { when: 'up', afterSeconds: 10, by: 'stop' } } as const;
  sandbox.record = newRecord(sandbox, { asked: {}, life, createdBy: 'bot' }, 1);
  sandbox.become('running');
  const stopped: Sandbox[] = [];
  const reaper = new Reaper({
    config: { pauseAfterSeconds: 0, stopAfterSeconds: 3600, pausedKeepSeconds: 3600, backgroundSeconds: 60 },
    clock: { wallMs: () => 20_000, monotonicMs: () => 20_000 },
    registry: { all: () => [sandbox] },
    lifecycle: { stop: async (one: Sandbox) => void stopped.push(one) },
    store: { write: async () => undefined },
    onError: (error: unknown) => {
      throw error;
    },
  } as unknown as ConstructorParameters<typeof Reaper>[0]);
  const restart = createDeferred<void>();
  const restarted = sandbox.mutex.run(() => restart.promise);
  const reaped = reaper.reap();
  sandbox.record = { ...sandbox.record, startedAtMs: 19_000 };
  restart.resolve();
  await Promise.all([restarted, reaped]);
  expect(stopped).toEqual([]);
  expect(sandbox.record).toMatchObject({ haltedAtMs: null });

  sandbox.record = { ...sandbox.record, startedAtMs: 1 };
  await reaper.reap();
  expect(stopped).toEqual([sandbox]);
});
