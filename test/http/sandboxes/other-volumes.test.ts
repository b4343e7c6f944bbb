import { mkdtemp, readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { FakeVolumes } from '../../fakes/fake-volumes.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

let fake: FakeApp;

afterEach(() => fake.close());

it('an engine without volumes neither runs nor purges a sandbox whose files are in one, and the other has them again', async () => {
  const variables = { SANDBOX_DATA_DIR: await mkdtemp(join(tmpdir(), 'clara-http-')) };
  const there = new FakeEngine();
  const volumes = new FakeVolumes();
  there.volumes = volumes;
  const startOn = async (engine: FakeEngine) => {
    fake = await startNativeApp(variables, engine);
    return fake;
  };
  const before = await startOn(there);
  expect((await before.call('POST', '/sandbox/u/create')).statusCode).toBe(200);
  await before.app.close();

  const other = await startOn(new FakeEngine());
  for (const url of ['/sandbox/u/execute', '/sandbox/u/file']) {
    const refused = await other.call('POST', url, { code: 'print(1)', path: 'a', content: 'a' });
    expect(refused.statusCode).toBe(503);
    expect(refused.json().error).toContain('in a volume of another engine');
  }
  expect((await other.call('GET', '/sandbox')).statusCode).toBe(200);
  const purged = await other.call('DELETE', '/sandbox/u?files=true');
  expect(purged.statusCode).toBe(503);
  expect((await readdir(variables.SANDBOX_DATA_DIR)).filter((name) => name.startsWith('u-'))).toHaveLength(1);
  await other.app.close();

  there.revive();
  const again = await startOn(there);
  expect((await again.call('POST', '/sandbox/u/create')).statusCode).toBe(200);
  expect(volumes.all.size).toBe(1);
  expect((await again.call('DELETE', '/sandbox/u?files=true')).statusCode).toBe(200);
  expect(volumes.all.size).toBe(0);
});

it('a purge while the engine cannot remove the volume is refused whole, and done the next time', async () => {
  const engine = new FakeEngine();
  const volumes = new FakeVolumes();
  engine.volumes = volumes;
  fake = await startNativeApp({}, engine);
  expect((await fake.call('POST', '/sandbox/u/create')).statusCode).toBe(200);
  volumes.down = true;
  expect((await fake.call('DELETE', '/sandbox/u?files=true')).statusCode).toBe(503);
  volumes.down = false;
  expect((await fake.call('DELETE', '/sandbox/u?files=true')).statusCode).toBe(200);
  expect(volumes.all.size).toBe(0);
});
