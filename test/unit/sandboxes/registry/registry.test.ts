import { describe, expect, it } from 'vitest';
import { createDeferred } from '../../../../src/async/deferred.ts';
import { toSandboxId } from '../../../../src/base/sandbox-address.ts';
import { CoreEvents } from '../../../../src/observability/core-events.ts';
import { DEFAULT_LIFE } from '../../../../src/sandboxes/asked/life-policy.ts';
import { Registry } from '../../../../src/sandboxes/registry/registry.ts';
import { newRecord, type SandboxRecord } from '../../../../src/sandboxes/storage/record.ts';

const address = { namespace: 'clara', id: 'ada' };
const id = toSandboxId(address);
const record = newRecord({ id, address }, { asked: {}, life: DEFAULT_LIFE, createdBy: 'bot' }, 1);
const clock = { wallMs: () => 1, monotonicMs: () => 1 };

/** A registry over a store whose first two reads end when the test says so, in any order. */
function openRegistry() {
  const reads: ReturnType<typeof createDeferred<SandboxRecord | null>>[] = [];
  const store = {
    read: async () => {
      const read = createDeferred<SandboxRecord | null>();
      return reads.push(read) > 2 ? record : await read.promise;
    },
  };
  return { registry: new Registry(store, clock, new CoreEvents(() => undefined)), reads };
}

describe('a sandbox that is looked up by its id while somebody loads it by its address', () => {
  it('is one object for both, whoever has read its record first', async () => {
    const { registry, reads } = openRegistry();
    const looked = registry.find(id);
    const loaded = registry.get(address);
    reads[1]?.resolve(record);
    const sandbox = await loaded;
    reads[0]?.resolve(record);
    expect(await looked).toBe(sandbox);
    expect(registry.peek(address)).toBe(sandbox);
    expect(reads.length).toBe(2);
  });
});
