import { expect, it } from 'vitest';
import { toSandboxId } from '../../../src/base/sandbox-address.ts';
import { parseConfig } from '../../../src/config/config.ts';
import { CoreEvents } from '../../../src/observability/core-events.ts';
import { DEFAULT_LIFE } from '../../../src/sandboxes/asked/life-policy.ts';
import { Sandbox } from '../../../src/sandboxes/registry/sandbox.ts';
import { Vault } from '../../../src/sandboxes/secrets/vault.ts';
import { Secrets } from '../../../src/sandboxes/secrets.ts';
import { newRecord, type SandboxRecord } from '../../../src/sandboxes/storage/record.ts';

const address = { namespace: 'clara', id: 'ada' };
const id = toSandboxId(address);
const ref = { address, principal: { name: 'bot', userPrefix: '', maxSandboxes: null } };
const kept = { name: 'KEY', hosts: [], header: null, isInQuery: false, placeholder: 'p', sealed: 's' };
const used = { id: 'default', name: null, language: 'python', cwd: '/workspace', createdAtMs: 0, isByUse: true };

it('a change of secrets keeps what is noted of the sandbox while the certificates are written', async () => {
  const record = newRecord({ id, address }, { asked: {}, life: DEFAULT_LIFE, createdBy: 'bot' }, 1);
  const sandbox = new Sandbox(id, address, { ...record, secrets: [kept] }, 0, new CoreEvents(() => undefined));
  const written: SandboxRecord[] = [];
  const secrets = new Secrets({
    config: parseConfig({ SANDBOX_API_KEY: 'key-for-these-tests' }),
    changes: { findExisting: async () => sandbox, exclusively: async (_sandbox, work) => await work() },
    store: { write: async (changed) => void written.push(changed) },
    keeper: {
      vault: new Vault(Buffer.alloc(32)),
      requirePossible: () => undefined,
      prepare: async () => {
        if (sandbox.record) sandbox.record.contexts = [used];
      },
      arm: () => undefined,
    },
  });
  await secrets.remove(ref, 'KEY');
  expect(written).toMatchObject([{ secrets: [], contexts: [used] }]);
  expect(sandbox.record).toBe(written[0]);
});
