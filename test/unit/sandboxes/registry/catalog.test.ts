import { describe, expect, it } from 'vitest';
import { type SandboxId, toSandboxId } from '../../../../src/base/sandbox-address.ts';
import { DEFAULT_LIFE } from '../../../../src/sandboxes/asked/life-policy.ts';
import { Catalog } from '../../../../src/sandboxes/registry/catalog.ts';
import { newRecord, type SandboxRecord } from '../../../../src/sandboxes/storage/record.ts';

function recordOf(user: string): SandboxRecord {
  const address = { namespace: 'clara', id: user };
  return newRecord({ id: toSandboxId(address), address }, { asked: {}, life: DEFAULT_LIFE, createdBy: 'bot' }, 1);
}

describe('the index of records', () => {
  it('reads the files of those alone that nothing has written since the start', async () => {
    const [written, kept] = [recordOf('written'), recordOf('kept')];
    const read: string[] = [];
    const store = {
      onWritten: (_record: SandboxRecord): void => undefined,
      onPurged: (): void => undefined,
      async *records(isKnown: (id: SandboxId) => boolean = () => false) {
        for (const record of [written, kept]) {
          if (isKnown(toSandboxId(record.address))) continue;
          read.push(record.address.id);
          yield record;
        }
      },
    };
    const catalog = new Catalog(store);
    store.onWritten(written);
    const all = [...(await catalog.all())].map(({ address }) => address.id);
    expect([all.sort(), read]).toEqual([['kept', 'written'], ['kept']]);
  });
});
