import { expect, it } from 'vitest';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { startNativeApp } from '../../support/fake-app.ts';
import { until } from '../../support/until.ts';

it('a sandbox that is made anew has nothing of the disk of the one that was deleted with its files, and is measured after its first call', async () => {
  const engine = new FakeEngine();
  const counted = [5_000_000, 7_000];
  engine.onAgent = (agent) => {
    agent.folderBytes = counted.shift() ?? null;
  };
  const fake = await startNativeApp({}, engine);
  try {
    const diskBytes = async () => (await fake.call('GET', '/sandbox/u/usage')).json().disk_used_bytes;
    await fake.call('POST', '/sandbox/u/create');
    await fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' });
    await until('its files are measured', async () => (await diskBytes()) === 5_000_000);
    expect((await fake.call('DELETE', '/sandbox/u?files=true')).statusCode).toBe(200);
    await fake.call('POST', '/sandbox/u/create');
    expect(await diskBytes()).toBe(null);
    await fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' });
    await until('the files of the other one are measured', async () => (await diskBytes()) === 7_000);
  } finally {
    await fake.close();
  }
});
