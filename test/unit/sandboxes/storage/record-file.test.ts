import { mkdtemp, rename, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { toSandboxId } from '../../../../src/base/sandbox-address.ts';
import { DEFAULT_LIFE } from '../../../../src/sandboxes/asked/life-policy.ts';
import { newRecord } from '../../../../src/sandboxes/storage/record.ts';
import { readRecordFile, writeRecordFile } from '../../../../src/sandboxes/storage/record-file.ts';

let folder = '';

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'clara-record-'));
});
afterEach(async () => {
  await rm(folder, { recursive: true });
});

it('a sandbox that was deleted by a name alone, as on a full disk, has no host, network or label any more', async () => {
  const address = { namespace: 'clara', id: 'ada' };
  const record = newRecord(
    { id: toSandboxId(address), address },
    { asked: {}, life: DEFAULT_LIFE, createdBy: 'bot' },
    1,
  );
  const port = { visibility: 'public', pathPrefix: null, subdomain: 'mine' } as const;
  const named = { name: 'web', networks: ['ours'], labels: { team: 'ours' }, ports: { 80: port }, haltedAtMs: 5 };
  await writeRecordFile(folder, { ...record, ...named });
  await rename(join(folder, 'sandbox.json'), join(folder, 'sandbox.deleted.json'));
  const read = await readRecordFile(folder);
  expect(read).toMatchObject({ name: null, networks: [], labels: {}, ports: {}, haltedAtMs: null });
  expect(read).toMatchObject({ createdBy: 'bot', secret: record.secret, deletedAtMs: expect.any(Number) });
});
