import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { createDeferred } from '../../../../src/async/deferred.ts';
import { toSandboxId } from '../../../../src/base/sandbox-address.ts';
import { CoreEvents } from '../../../../src/observability/core-events.ts';
import { DiskGuard } from '../../../../src/sandboxes/metering/disk-guard.ts';
import { Sandbox } from '../../../../src/sandboxes/registry/sandbox.ts';

const MIB = 2 ** 20;

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

it('the disk is looked at again while a sandbox that fills it cannot be stopped yet, and no other is stopped for it', async () => {
  const events = new CoreEvents(() => undefined);
  const sandboxes = ['writer', 'idle'].map((user) => {
    const address = { namespace: 'clara', id: user };
    const sandbox = new Sandbox(toSandboxId(address), address, null, 1, events);
    sandbox.become('running');
    return sandbox;
  });
  const [writer] = sandboxes as [Sandbox, Sandbox];
  const toRoom = (freeBytes: number) => ({ freeBytes, roomBytes: -1, leastBytes: -1, held: [] });
  let room = toRoom(500 * MIB);
  let looks = 0;
  const reserve = {
    ...{ holdsFiles: true, sizeBytes: 1024 * MIB },
    get room() {
      return room;
    },
    look: async () => {
      looks += 1;
      room = toRoom(room.freeBytes - 100 * MIB);
      return room;
    },
  };
  const stopped: Sandbox[] = [];
  const guard = new DiskGuard({
    disks: { reserve },
    sandboxes: () => sandboxes,
    stop: async (sandbox) => void stopped.push(sandbox),
    events,
    onError: (error) => {
      throw error;
    },
  });
  const change = createDeferred<void>();
  const changed = writer.mutex.run(() => change.promise);
  writer.leases.take('run', 1);
  guard.open();
  await vi.advanceTimersByTimeAsync(250);
  writer.leases.release('run');
  await vi.advanceTimersByTimeAsync(750);
  expect([looks, stopped.length]).toEqual([4, 0]);
  change.resolve();
  await changed;
  await guard.close();
  expect(stopped).toEqual([writer]);
});
