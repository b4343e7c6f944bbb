import { expect, it } from 'vitest';
import { SandboxError } from '../../../../src/base/errors.ts';
import { toSandboxId } from '../../../../src/base/sandbox-address.ts';
import { CoreEvents } from '../../../../src/observability/core-events.ts';
import { DEFAULT_LIFE } from '../../../../src/sandboxes/asked/life-policy.ts';
import { Restoring } from '../../../../src/sandboxes/checkpoints/restoring.ts';
import { Sandbox } from '../../../../src/sandboxes/registry/sandbox.ts';
import { newRecord } from '../../../../src/sandboxes/storage/record.ts';

const address = { namespace: 'clara', id: 'ada' };
const principal = { name: 'operator', userPrefix: '', maxSandboxes: null };

/** A restore for which the engine starts nothing; the disk is mounted as the looks at it say, one by one. */
function failingRestore(mounted: boolean[]) {
  const sandbox = new Sandbox(toSandboxId(address), address, null, 1, new CoreEvents(() => undefined));
  sandbox.record = newRecord(sandbox, { asked: {}, life: DEFAULT_LIFE, createdBy: null }, 1);
  const done: string[] = [];
  const note = (what: string) => async () => void done.push(what);
  const copies = {
    prepare: note('prepare'),
    exchange: note('exchange'),
    putBack: note('put back'),
    dropPrepared: note('drop'),
  };
  const restoring = new Restoring({
    checkpoints: {
      inTurn: async (_: unknown, work: () => Promise<void>) => await work(),
      require: async () => ({ id: 'c', kind: 'image', sizeBytes: 1 }),
      placeOf: () => ({ name: 'ada', path: 'checkpoints/c' }),
    },
    capture: { withRoom: async (_: unknown, work: () => Promise<void>) => await work() },
    disks: {
      kind: async () => 'image',
      copies: { image: copies },
      imageBytes: async () => 1,
      mounted: async () => (mounted.shift() ? [sandbox.id] : []),
    },
    changes: { findExisting: async () => sandbox },
    lifecycle: { stop: async () => undefined },
    provisioner: { bringUp: () => Promise.reject(new SandboxError('unavailable', 'The engine is away.')) },
    usageMeter: {},
    onError: () => undefined,
  } as unknown as ConstructorParameters<typeof Restoring>[0]);
  return { restored: restoring.restore({ address, principal }, 'c'), done };
}

it('a sandbox that cannot be started with the files of a checkpoint has those of before', async () => {
  const { restored, done } = failingRestore([false, false]);
  await expect(restored).rejects.toMatchObject({ message: 'The engine is away.' });
  expect(done).toEqual(['prepare', 'exchange', 'put back', 'drop']);
});

it('where they cannot be brought back either, the error says which files it has', async () => {
  const { restored, done } = failingRestore([false, true]);
  const message = expect.stringContaining('has the files of the checkpoint');
  await expect(restored).rejects.toMatchObject({ kind: 'unavailable', message });
  expect(done).toEqual(['prepare', 'exchange', 'drop']);
});
