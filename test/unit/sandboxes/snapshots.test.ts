import { expect, it } from 'vitest';
import { createDeferred } from '../../../src/async/deferred.ts';
import { toSandboxId } from '../../../src/base/sandbox-address.ts';
import { CoreEvents } from '../../../src/observability/core-events.ts';
import { DEFAULT_LIFE } from '../../../src/sandboxes/asked/life-policy.ts';
import { SNAPSHOT_NAMESPACE } from '../../../src/sandboxes/asked/ref.ts';
import { Sandbox } from '../../../src/sandboxes/registry/sandbox.ts';
import { Snapshots } from '../../../src/sandboxes/snapshots.ts';
import { newRecord, type SandboxRecord } from '../../../src/sandboxes/storage/record.ts';

/** Those of a key that may have some, of which `listed` are in the list by their ids, and a sandbox to take them of. */
function snapshotsOf(maxSnapshots: number, listed: string[], keep: (id: string) => Promise<void>) {
  const address = { namespace: 'e2b', id: 'ada' };
  const sandbox = new Sandbox(toSandboxId(address), address, null, 1, new CoreEvents(() => undefined));
  const terms = {} as NonNullable<SandboxRecord['terms']>;
  sandbox.record = { ...newRecord(sandbox, { asked: {}, life: DEFAULT_LIFE, createdBy: 'bot' }, 1), terms };
  const entryOf = (id: string) => {
    const own = { namespace: SNAPSHOT_NAMESPACE, id };
    const common = { createdBy: 'bot', deletedAtMs: null, isBlank: false, createdAtMs: 1, terms: { snapshot: {} } };
    return { id: toSandboxId(own), address: own, ...common };
  };
  const snapshots = new Snapshots({
    config: { maxSnapshots },
    catalog: { all: async () => listed.map(entryOf) },
    changes: { findExisting: async () => sandbox },
    forks: { keep: async (ref: { address: { id: string } }) => await keep(ref.address.id) },
  } as unknown as ConstructorParameters<typeof Snapshots>[0]);
  const principal = { name: 'bot', userPrefix: '', maxSandboxes: null };
  return { take: () => snapshots.take({ address, principal }, null) };
}

it('snapshots that are being taken count for the limit of their key', async () => {
  const copy = createDeferred<void>();
  const copies: string[] = [];
  const { take } = snapshotsOf(1, [], async (id) => {
    copies.push(id);
    await copy.promise;
  });
  const [first, second] = [take(), take()];
  await expect(second).rejects.toMatchObject({ kind: 'too_many' });
  copy.reject(new Error('No room.'));
  await expect(first).rejects.toThrow('No room.');
  await expect(take()).rejects.toThrow('No room.');
  expect(copies.length).toBe(2);
});

it('one that is in the list already while it is taken counts once', async () => {
  const [begun, copy] = [createDeferred<void>(), createDeferred<void>()];
  const listed: string[] = [];
  const { take } = snapshotsOf(2, listed, async (id) => {
    listed.push(id);
    begun.resolve();
    await copy.promise;
  });
  const first = take();
  await begun.promise;
  const second = take();
  copy.resolve();
  expect(await Promise.all([first, second])).toHaveLength(2);
  await expect(take()).rejects.toMatchObject({ kind: 'too_many' });
});
