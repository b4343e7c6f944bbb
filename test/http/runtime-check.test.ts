import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { OwnKernelEngine } from '../fakes/own-kernel-engine.ts';
import { startFakeApp } from '../support/fake-app.ts';

it('starts where a server before was killed while it tried the runtime', async () => {
  const SANDBOX_DATA_DIR = await mkdtemp(join(tmpdir(), 'clara-http-'));
  const engine = new OwnKernelEngine();
  const variables = { SANDBOX_DATA_DIR, SANDBOX_DOCKER_RUNTIME: 'runsc' };
  const gate = engine.hold('start');
  const killed = startFakeApp(variables, engine);
  await gate.reached;
  expect(engine.sandboxes.size).toBe(1);

  const fake = await startFakeApp(variables, engine);
  expect((await fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' })).json()).toMatchObject({ output: '1\n' });
  expect([...engine.sandboxes.values()].filter(({ name }) => name.includes('runtime'))).toEqual([]);
  gate.release();
  await expect(killed).rejects.toThrow();
  await fake.close();
});
