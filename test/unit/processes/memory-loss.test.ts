import { expect, it } from 'vitest';
import { type Execution, withMemoryLoss } from '../../../src/processes/executions.ts';
import { SandboxMemory } from '../../../src/sandboxes/metering/memory.ts';
import { OwnKernelEngine } from '../../fakes/own-kernel-engine.ts';

const shown = { results: [], isTruncated: false, exception: null };
const ended = { exitCode: 1, stderr: '', shown } as unknown as Execution;

/** Of a sandbox with a kernel of its own, in which memory ran out a moment ago. */
async function exhausted() {
  const engine = new OwnKernelEngine();
  const id = await engine.create({ name: 'one', image: 'any', mounts: [], labels: {} } as never);
  engine.sandboxes.noteOutOfMemory(id);
  return { engine, memory: new SandboxMemory(engine, id, { memoryBytes: 2 ** 29, runtime: 'runsc' }) };
}

it('a program that ends with 1 as memory runs out was taken', async () => {
  const sinceMs = performance.now();
  const { memory } = await exhausted();
  expect(await withMemoryLoss(ended, sinceMs, memory, false)).toMatchObject({ oomKilled: true });
});

it('one that could still tell its exception was not, and the engine is not asked', async () => {
  const sinceMs = performance.now();
  const { engine, memory } = await exhausted();
  const told = { ...ended, shown: { ...shown, exception: { name: 'MemoryError', value: '', traceback: [] } } };
  expect(await withMemoryLoss(told as unknown as Execution, sinceMs, memory, true)).toBe(told);
  expect(engine.calls.filter((call) => call.startsWith('ranOutOfMemory'))).toEqual([]);
});
