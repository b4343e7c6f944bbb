import { expect, it } from 'vitest';
import { createDeferred } from '../../../../src/async/deferred.ts';
import type { EngineId } from '../../../../src/engines/engine.ts';
import { MemoryWatch } from '../../../../src/engines/incus/memory-watch.ts';

const ID = 'clara-0123456789abcdef01234567' as EngineId;
const LONG_MS = 60_000;
const longAgo = () => performance.now() - LONG_MS;

/** A kernel that has counted N times until now. */
function kernelAt(count: number | null) {
  return { count, outOfMemoryCount: async () => kernel.count };
}
let kernel = kernelAt(0);

function watchAt(count: number | null): MemoryWatch {
  kernel = kernelAt(count);
  return new MemoryWatch(kernel);
}

it('memory that ran out before a sandbox is watched is not news', async () => {
  const watch = watchAt(1);
  expect(await watch.ranOut(ID, performance.now() - 50, 0)).toBe(false);
  expect(await watch.ranOut(ID, longAgo(), 0)).toBe(false);
  kernel.count = 2;
  expect(await watch.ranOut(ID, longAgo(), 0)).toBe(true);
});

it('memory that runs out is news from a sandbox that was started, and from one that was taken over', async () => {
  const started = watchAt(1);
  started.begin(ID);
  expect(await started.ranOut(ID, longAgo(), 0)).toBe(true);
  const adopting = watchAt(7);
  await adopting.adopt(ID);
  kernel.count = 8;
  await adopting.adopt(ID);
  expect(await adopting.ranOut(ID, longAgo(), 0)).toBe(true);
});

it('growth that a look has seen belongs to the time before it', async () => {
  const watch = watchAt(0);
  watch.begin(ID);
  kernel.count = 1;
  await watch.look(ID);
  expect(await watch.ranOut(ID, performance.now(), 0)).toBe(false);
  expect(await watch.ranOut(ID, longAgo(), 0)).toBe(true);
});

it('a start is the end of what was before, and a kernel that does not say changes nothing', async () => {
  const watch = watchAt(0);
  watch.begin(ID);
  kernel.count = 1;
  await watch.look(ID);
  kernel.count = null;
  expect(await watch.ranOut(ID, longAgo(), 0)).toBe(true);
  watch.begin(ID);
  expect(await watch.ranOut(ID, longAgo(), 0)).toBe(false);
  watch.forget(ID);
  expect(await watch.ranOut(ID, longAgo(), 0)).toBe(false);
});

it('news that is late is waited for within the time that is given', async () => {
  const watch = watchAt(0);
  watch.begin(ID);
  const asked = watch.ranOut(ID, longAgo(), LONG_MS);
  kernel.count = 1;
  expect(await asked).toBe(true);
});

it('a look that is slow takes nothing back that another one has seen', async () => {
  const slow = createDeferred<number>();
  const answers: (number | Promise<number>)[] = [slow.promise, 1, 1];
  const watch = new MemoryWatch({ outOfMemoryCount: async () => (await answers.shift()) ?? null });
  watch.begin(ID);
  const late = watch.look(ID);
  await watch.look(ID);
  slow.resolve(0);
  await late;
  expect(await watch.ranOut(ID, performance.now(), 0)).toBe(false);
});
