import { mkdir, mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { type FakeApp, speakingOnly, startFakeApp } from '../../../support/fake-app.ts';

const SANDBOXES = '/api/v1/sandboxes';

const VOLUMES = ['one', 'two'];

let app: FakeApp;
let url: string;

/** A stopped sandbox, whose changes are those of its record alone, at a server that has network volumes. */
beforeEach(async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'clara-http-'));
  for (const [at, name] of VOLUMES.entries()) {
    const id = String(at).repeat(20);
    const made = { version: 1, id, name, createdBy: 'master', createdAtMs: at, sizeBytes: 2 ** 24 };
    await mkdir(join(dataDir, `volume-${id}`));
    const volume = { ...made, sandboxId: null, mountPath: `/mnt/${name}` };
    await writeFile(join(dataDir, `volume-${id}`, 'volume.json'), JSON.stringify(volume));
  }
  app = await startFakeApp({ SANDBOX_DATA_DIR: dataDir }, undefined, speakingOnly('manager'));
  const made = await app.call('POST', SANDBOXES, { image: 'python:3.9', environment: { OLD: '1' } });
  url = `${SANDBOXES}/${made.json().container_id}`;
  expect((await app.call('POST', `${url}/stop`)).statusCode).toBe(200);
});
afterEach(() => app.close());

const atOnce = async (...calls: readonly (readonly [path: string, body?: unknown])[]) => {
  const answers = await Promise.all(calls.map(([path, body]) => app.call('POST', `${url}/${path}`, body)));
  expect(answers.map(({ statusCode }) => statusCode)).toEqual(calls.map(() => 200));
  return (await app.call('GET', url)).json();
};

it('a main process and a timeout that are set at once are both kept', async () => {
  const shown = await atOnce(['entrypoint', { command: 'serve' }], ['timeout', { timeout: 60 }]);
  expect(shown).toMatchObject({ command: 'serve', resources: { timeout: 60 } });
});

it('an entrypoint and a command that are set at once are both kept', async () => {
  const shown = await atOnce(['entrypoint', { command: 'serve' }], ['entrypoint', { entrypoint: 'nice' }]);
  expect(shown).toMatchObject({ command: 'serve', entrypoint: 'nice' });
});

it('of two whole environments that are set at once the sandbox has one', async () => {
  const whole = (name: string) => ['env', { environment: { [name]: '1' }, merge: false }] as const;
  const { environment } = await atOnce(whole('A'), whole('B'));
  expect([{ A: '1' }, { B: '1' }]).toContainEqual(environment);
});

it('two volumes that are mounted at once are both there, and so they are gone', async () => {
  const names = ({ volumes }: { volumes: { name: string }[] }) => volumes.map(({ name }) => name).sort();
  expect(names(await atOnce(['volumes/one/mount'], ['volumes/two/mount']))).toEqual(VOLUMES);
  expect(names(await atOnce(['volumes/one/unmount'], ['volumes/two/unmount']))).toEqual([]);
});
