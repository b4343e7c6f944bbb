import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { toSandboxId } from '../../../../src/base/sandbox-address.ts';
import { CoreEvents } from '../../../../src/observability/core-events.ts';
import { Alerts } from '../../../../src/sandboxes/alerts/alerts.ts';
import { DEFAULT_LIFE } from '../../../../src/sandboxes/asked/life-policy.ts';
import { Sandbox } from '../../../../src/sandboxes/registry/sandbox.ts';
import { newRecord } from '../../../../src/sandboxes/storage/record.ts';

let dataDir = '';

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clara-alerts-'));
});
afterEach(async () => {
  await rm(dataDir, { recursive: true });
});

it('what is resolved as a sandbox ends is not remembered of one that is gone', async () => {
  const events = new CoreEvents(() => undefined);
  const address = { namespace: 'clara', id: 'ada' };
  const sandbox = new Sandbox(toSandboxId(address), address, null, 1, events);
  const { id } = sandbox;
  const alerts = new Alerts({
    changes: { findExisting: async () => sandbox },
    registry: { at: () => sandbox },
    store: { folderOf: (name) => join(dataDir, name) },
    clock: { wallMs: () => 1, monotonicMs: () => 1 },
    events,
  });
  // After the event that it is gone.
  await alerts.note(id, 'oom', null);
  // A sandbox at the same address, whose folder was put back from a backup.
  const kept = { kind: 'oom', severity: 'critical', message: 'It ran out.', atMs: 1, resolvedAtMs: 2 };
  await mkdir(join(dataDir, id));
  await writeFile(join(dataDir, id, 'alerts.json'), JSON.stringify([kept]));
  sandbox.record = newRecord(sandbox, { asked: {}, life: DEFAULT_LIFE, createdBy: 'bot' }, 1);
  const principal = { name: 'bot', userPrefix: '', maxSandboxes: null };
  expect(await alerts.list({ address, principal })).toEqual([kept]);
});
