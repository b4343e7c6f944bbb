import { expect, it } from 'vitest';
import { createDeferred } from '../../../src/async/deferred.ts';
import { toSandboxId } from '../../../src/base/sandbox-address.ts';
import { CoreEvents } from '../../../src/observability/core-events.ts';
import { DEFAULT_LIFE } from '../../../src/sandboxes/asked/life-policy.ts';
import { Sandbox } from '../../../src/sandboxes/registry/sandbox.ts';
import { Snapshots } from '../../../src/sandboxes/snapshots.ts';
import { newRecord, type SandboxRecord } from '../../../src/sandboxes/storage/record.ts';

it('snapshots that are being taken count for the limit of their key', async () => {
  const address = { namespace: 'e2b', id: 'ada' };
  const sandbox = new Sandbox(toSandboxId(address), address, null, 1, new CoreEvents(() => undefined));
  const terms = {} as NonNullable<SandboxRecord['terms']>;
  sandbox.record = { ...newRecord(sandbox, { asked: {}, life: DEFAULT_LIFE, createdBy: 'bot' }, 1), terms };
  const copy = createDeferred<void>();
  const copies: string[] = [];
  const snapshots = new Snapshots({
    config: { maxSnapshots: 1 },
    catalog: { all: async () => [] },
    changes: { findExisting: async () => sandbox },
    forks: {
      keep: async ({ address: { id } }: { address: { id: string } }) => {
        copies.push(id);
        await copy.promise;
      },
    },
  } as unknown as ConstructorParameters<typeof Snapshots>[0]);
  const principal = { name: 'bot', userPrefix: '', maxSandboxes: null };
  const [first, second] = [1, 2].map(() => snapshots.take({ address, principal }, null));
  await expect(second).rejects.toMatchObject({ kind: 'too_many' });
  copy.reject(new Error('No room.'));
  await expect(first).rejects.toThrow('No room.');
  await expect(snapshots.take({ address, principal }, null)).rejects.toThrow('No room.');
  expect(copies.length).toBe(2);
});
