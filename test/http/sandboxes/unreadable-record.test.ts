import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { FakeEngine } from '../../fakes/fake-engine.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';
import { until } from '../../support/until.ts';

const opened: FakeApp[] = [];

afterEach(async () => {
  for (const fake of opened.splice(0).reverse()) await fake.close();
});

async function start(variables: Readonly<Record<string, string>> = {}, engine?: FakeEngine): Promise<FakeApp> {
  const fake = await startNativeApp(variables, engine);
  opened.push(fake);
  return fake;
}

async function recordOf({ dataDir }: FakeApp, user: string): Promise<string> {
  const name = (await readdir(dataDir)).find((entry) => entry.startsWith(`${user}-`));
  if (name === undefined) throw new Error(`${user} has no folder.`);
  return join(dataDir, name, 'sandbox.json');
}

it.each([
  ['is damaged', (text: string) => text.slice(1)],
  ['is of a later version', (text: string) => text.replace('"version": 2', '"version": 3')],
])('a sandbox whose record %s holds nobody else up, and keeps its container', async (_what, change) => {
  const first = await start();
  for (const user of ['bad', 'good']) await first.call('POST', `/sandbox/${user}/create`);
  const file = await recordOf(first, 'bad');
  const text = await readFile(file, 'utf8');
  await first.app.close();
  await writeFile(file, change(text));
  expect(await readFile(file, 'utf8')).not.toBe(text);

  first.engine.revive();
  const second = await start({ SANDBOX_DATA_DIR: first.dataDir, SANDBOX_POOL_SIZE: '1' }, first.engine);
  expect((await second.call('GET', '/sandbox/good/status')).json()).toMatchObject({ status: 'running' });
  await until('the pool is filled', () => first.engine.sandboxes.size === 3);
  const answer = await second.call('POST', '/sandbox/bad/execute', { code: 'print(1)' });
  expect(answer.statusCode).toBe(503);
  expect(answer.json().error).toContain('cannot be read');
  expect(first.engine.sandboxes.size).toBe(3);
});
