import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createDeferred } from '../../../../src/async/deferred.ts';
import { toSandboxId } from '../../../../src/base/sandbox-address.ts';
import { DEFAULT_LIFE } from '../../../../src/sandboxes/asked/life-policy.ts';
import { newRecord, type SandboxRecord } from '../../../../src/sandboxes/storage/record.ts';
import { RecordWrites } from '../../../../src/sandboxes/storage/record-writes.ts';

const address = { namespace: 'clara', id: 'ada' };
const record = newRecord({ id: toSandboxId(address), address }, { asked: {}, life: DEFAULT_LIFE, createdBy: 'bot' }, 1);

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

/** Writes over a disk that tells the test of each record, and is full or not as the test answers. */
function openWrites() {
  const put: { readonly record: SandboxRecord; readonly answer: (isOnDisk: boolean) => void }[] = [];
  const writes: RecordWrites = new RecordWrites({
    put: (written) => {
      const answered = createDeferred<boolean>();
      put.push({ record: written, answer: answered.resolve });
      return answered.promise;
    },
    writeLate: (late) => writes.write(late),
    onError: (error) => {
      throw error;
    },
  });
  return { writes, put };
}

describe('a record that a full disk has refused', () => {
  it('is written again once there may be room', async () => {
    const { writes, put } = openWrites();
    const written = writes.write(record);
    await vi.advanceTimersByTimeAsync(0);
    put[0]?.answer(false);
    await written;
    await vi.advanceTimersByTimeAsync(10_000);
    expect(put.map(({ record: { id } }) => id)).toEqual([record.id, record.id]);
  });

  it('is not written over the one that has taken its place meanwhile', async () => {
    const { writes, put } = openWrites();
    const next = { ...record, labels: { team: 'ours' } };
    const both = [writes.write(record), writes.write(next)];
    await vi.advanceTimersByTimeAsync(0);
    put[0]?.answer(false);
    await vi.advanceTimersByTimeAsync(0);
    put[1]?.answer(true);
    await Promise.all(both);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(put.map(({ record: { labels } }) => labels)).toEqual([{}, { team: 'ours' }]);
  });

  it('is not written again once its sandbox is purged', async () => {
    const { writes, put } = openWrites();
    const written = writes.write(record);
    await vi.advanceTimersByTimeAsync(0);
    const settled = writes.settle(record.id);
    put[0]?.answer(false);
    await Promise.all([written, settled]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(put.length).toBe(1);
  });
});

describe('counters that wait to be written', () => {
  it('are those of the record that has taken the place of the first meanwhile', async () => {
    const { writes, put } = openWrites();
    writes.soon(record);
    const next = { ...record, executions: 2 };
    writes.soon(next);
    await vi.advanceTimersByTimeAsync(200);
    expect(put.map(({ record: { executions } }) => executions)).toEqual([2]);
  });
});
