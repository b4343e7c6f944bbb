import { describe, expect, it } from 'vitest';
import { toSandboxId } from '../../../src/base/sandbox-address.ts';
import { CoreEvents } from '../../../src/observability/core-events.ts';
import { DEFAULT_LIFE } from '../../../src/sandboxes/asked/life-policy.ts';
import type { SandboxRef } from '../../../src/sandboxes/asked/ref.ts';
import { PortNotes } from '../../../src/sandboxes/port-notes.ts';
import { Sandbox } from '../../../src/sandboxes/registry/sandbox.ts';
import { newRecord, type SandboxRecord } from '../../../src/sandboxes/storage/record.ts';

const refOf = (id: string): SandboxRef => ({
  address: { namespace: 'manager', id },
  principal: { name: 'bot', userPrefix: '', maxSandboxes: null },
});

/** Notes over sandboxes in memory, which are found by subdomain once they are written. */
function openNotes(): PortNotes {
  const written = new Map<string, SandboxRecord>();
  return new PortNotes({
    changes: {
      findExisting: async ({ address }) => {
        const id = toSandboxId(address);
        const record = newRecord({ id, address }, { asked: {}, life: DEFAULT_LIFE, createdBy: 'bot' }, 1);
        return new Sandbox(id, address, record, 0, new CoreEvents(() => undefined));
      },
      exclusively: async (_sandbox, work) => await work(),
    },
    catalog: {
      find: async () => undefined,
      ofPreview: async () => undefined,
      ofSubdomain: async (label) => {
        const holds = ({ ports }: SandboxRecord) => Object.values(ports).some(({ subdomain }) => subdomain === label);
        const holder = [...written.values()].find(holds);
        return holder && { id: toSandboxId(holder.address), port: 80 };
      },
    },
    registry: { find: async () => null },
    clock: { wallMs: () => 1 },
    store: { write: async (record) => void written.set(record.id, record) },
  });
}

describe('the ports of sandboxes', () => {
  it('give a subdomain to one of two sandboxes that ask for it at the same time', async () => {
    const notes = openNotes();
    const ports = { 80: { visibility: 'public', pathPrefix: null, subdomain: 'shop' } } as const;
    const settled = await Promise.allSettled(['one', 'other'].map(async (id) => await notes.settle(refOf(id), ports)));
    expect(settled.map(({ status }) => status)).toEqual(['fulfilled', 'rejected']);
  });
});
