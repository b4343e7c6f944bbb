import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { OwnKernelEngine } from '../../fakes/own-kernel-engine.ts';
import { startNativeApp } from '../../support/fake-app.ts';

it('starts where a server before was killed while it tried the runtime', async () => {
  const SANDBOX_DATA_DIR = await mkdtemp(join(tmpdir(), 'clara-http-'));
  const engine = new OwnKernelEngine();
  const variables = { SANDBOX_DATA_DIR, SANDBOX_DOCKER_RUNTIME: 'runsc' };
  const { start, remove } = engine;
  const end = async () => {
    throw new Error('as of a server that is killed, nothing more is done');
  };
  Object.assign(engine, { start: end, remove: end });
  await expect(startNativeApp(variables, engine)).rejects.toThrow();
  expect(engine.sandboxes.size).toBe(1);

  Object.assign(engine, { start, remove });
  const fake = await startNativeApp(variables, engine);
  expect((await fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' })).json()).toMatchObject({ output: '1\n' });
  expect([...engine.sandboxes.values()].filter(({ name }) => name.includes('runtime'))).toEqual([]);
  await fake.close();
});
