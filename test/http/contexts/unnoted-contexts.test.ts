import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { readAgentSource } from '../../../src/agent/link/source.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { LocalSandboxes } from '../../fakes/local-sandboxes.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

const local = new LocalSandboxes();
const engine = new FakeEngine(local);
const opened: FakeApp[] = [];

afterAll(async () => {
  for (const fake of opened.reverse()) await fake.close();
  await local.close();
});

const start = async (variables: Readonly<Record<string, string>> = {}) => {
  const agentSource = await readAgentSource(new URL('../../../agent/', import.meta.url));
  const fake = await startNativeApp({ SANDBOX_PYTHON_PRELOAD: 'none', ...variables }, engine, { agentSource });
  opened.push(fake);
  return fake;
};

/** Leaves the record as a server leaves it that is killed between the making of a context and the note of it. */
async function forgetContexts({ dataDir }: FakeApp): Promise<void> {
  const folder = (await readdir(dataDir)).find((name) => name.startsWith('u-')) ?? '';
  const file = join(dataDir, folder, 'sandbox.json');
  const record = JSON.parse(await readFile(file, 'utf8'));
  expect(record.contexts).toMatchObject([{ id: 'a' }]);
  await writeFile(file, JSON.stringify({ ...record, contexts: [] }));
}

it('a context that an earlier server has made and not noted is noted by who makes it again, and outlives a stop', async () => {
  const asked = { id: 'a', language: 'bash', name: 'mine', cwd: '/tmp' };
  const first = await start();
  expect((await first.call('POST', '/sandbox/u/contexts', asked)).statusCode).toBe(201);
  await first.call('POST', '/sandbox/u/contexts/a/execute', { code: 'x=41' });
  await first.app.close();
  await forgetContexts(first);
  engine.revive();

  const second = await start({ SANDBOX_DATA_DIR: first.dataDir });
  const run = async (code: string) => await second.call('POST', '/sandbox/u/contexts/a/execute', { code });
  expect((await second.call('POST', '/sandbox/u/contexts', asked)).statusCode).toBe(200);
  expect((await run('echo $x')).json()).toMatchObject({ output: '41\n', context_restarted: false });
  await second.call('POST', '/sandbox/u/stop');
  expect((await second.call('GET', '/sandbox/u/contexts/a')).json()).toMatchObject({ ...asked, state: 'dead' });
  expect((await run('pwd')).json()).toMatchObject({ output: '/tmp\n', context_restarted: true });
});
