import { describe, expect, it } from 'vitest';
import { SandboxError } from '../../../../src/base/errors.ts';
import { toSandboxId } from '../../../../src/base/sandbox-address.ts';
import type { EngineId } from '../../../../src/engines/engine.ts';
import { CoreEvents } from '../../../../src/observability/core-events.ts';
import { DEFAULT_LIFE } from '../../../../src/sandboxes/asked/life-policy.ts';
import { type HaltingParts, halt } from '../../../../src/sandboxes/lifecycle/halting.ts';
import { Lifecycle } from '../../../../src/sandboxes/lifecycle/lifecycle.ts';
import type { LifecycleParts } from '../../../../src/sandboxes/lifecycle/lifecycle-parts.ts';
import { Sandbox } from '../../../../src/sandboxes/registry/sandbox.ts';
import { newRecord, type SandboxRecord } from '../../../../src/sandboxes/storage/record.ts';

const address = { namespace: 'clara', id: 'ada' };
const clock = { wallMs: () => 100, monotonicMs: () => 100 };
const events = new CoreEvents(() => undefined);

function makeSandbox(state: 'running' | 'paused' | 'stopped', change: Partial<SandboxRecord> = {}): Sandbox {
  const sandbox = new Sandbox(toSandboxId(address), address, null, 1, events);
  const record = newRecord(sandbox, { asked: {}, life: DEFAULT_LIFE, createdBy: 'bot' }, 1);
  sandbox.record = { ...record, ...change };
  sandbox.engineId = 'container' as EngineId;
  sandbox.become(state);
  return sandbox;
}

const away = async () => {
  throw new SandboxError('unavailable', 'The engine does not answer.');
};

/** The verbs over an engine that does not answer. */
function openLifecycle(written: SandboxRecord[] = []): Lifecycle {
  const onError = (error: unknown) => {
    throw error;
  };
  const capacity = { release: () => undefined };
  const store = { write: async (record: SandboxRecord) => void written.push(record) };
  const parts = { events, clock, onError, engine: { stop: away }, capacity, store };
  return new Lifecycle(parts as unknown as LifecycleParts);
}

describe('a stop that the engine has failed', () => {
  it.each([false, true])(
    'leaves the pause of who has paused it, also where that holds (%s)',
    async (staysSuspended) => {
      const sandbox = makeSandbox('paused', { pausedAtMs: 50, life: { ...DEFAULT_LIFE, staysSuspended } });
      await expect(openLifecycle().stop(sandbox, 'requested')).rejects.toMatchObject({ kind: 'unavailable' });
      expect(sandbox.record).toMatchObject({ pausedAtMs: 50, haltedAtMs: null });
    },
  );

  it('leaves no halt, and what was noted meanwhile stays and is written in its place', async () => {
    const sandbox = makeSandbox('running');
    const soon: SandboxRecord[] = [];
    const lifecycle = {
      stop: async () => {
        if (sandbox.record) sandbox.record.executions += 1;
        await away();
      },
    };
    const store = { write: async () => undefined, writeSoon: (record: SandboxRecord) => void soon.push(record) };
    const halted = halt({ lifecycle, store, clock } as unknown as HaltingParts, sandbox, 'requested');
    await expect(halted).rejects.toMatchObject({ kind: 'unavailable' });
    expect(sandbox.record).toMatchObject({ haltedAtMs: null, executions: 1 });
    expect(soon).toEqual([sandbox.record]);
  });
});

it('a halted sandbox whose restart fails is halted as before, in memory and on disk', async () => {
  const written: SandboxRecord[] = [];
  const before = makeSandbox('stopped', { haltedAtMs: 50, mainExitCode: 3, startedAtMs: 20 }).record;
  const sandbox = makeSandbox('stopped', { haltedAtMs: null, mainExitCode: null, startedAtMs: 90, executions: 7 });
  sandbox.become('creating');
  await openLifecycle(written).undoStart(sandbox, { isNew: false, isFirst: false, before });
  expect(sandbox.state).toBe('stopped');
  expect(sandbox.record).toMatchObject({ haltedAtMs: 50, mainExitCode: 3, startedAtMs: 20, executions: 7 });
  expect(written).toEqual([sandbox.record]);
});
