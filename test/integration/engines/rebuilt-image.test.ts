import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDockerEngine } from '../../../src/engines/docker/docker-engine.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { until } from '../../support/until.ts';

const run = promisify(execFile);
const TAG = `clara-test-rebuilt:${randomUUID()}`;
const LABEL = `clara-test.image=${TAG}`;
const BASE = process.env.CLARA_TEST_IMAGE ?? 'clara-sandbox:latest';

let server: RealServer | undefined;

async function build(version: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'clara-rebuilt-'));
  await writeFile(join(folder, 'Dockerfile'), `FROM ${BASE}\nENV BUILT_AS=${version}\n`);
  await run('docker', ['build', '--quiet', '--label', LABEL, '--tag', TAG, folder]);
  await rm(folder, { recursive: true });
}

beforeAll(() => build('one'));
afterEach(async () => {
  await server?.close();
  server = undefined;
});
afterAll(async () => {
  // Those too that have lost the name, to the next one or while a sandbox of theirs was there.
  const { stdout } = await run('docker', ['image', 'ls', '--quiet', '--filter', `label=${LABEL}`]);
  for (const id of new Set(stdout.split('\n'))) if (id !== '') await run('docker', ['image', 'rm', '--force', id]);
});

const code = "import os; print(os.environ['BUILT_AS'])";

async function version(user: string): Promise<string> {
  if (!server) throw new Error('There is no server.');
  const { status, body } = await server.execute(user, code);
  return status === 200 ? body.output.trim() : `${status}: ${body.error}`;
}

describe('an image that is built anew while sandboxes of it exist', () => {
  it('is theirs at their next start and the pool’s at once, and where it is gone they start all the same', async () => {
    server = await startRealServer({ SANDBOX_DOCKER_IMAGE: TAG, SANDBOX_POOL_SIZE: '1' });
    const isFilled = async () => (await server?.call('GET', '/info'))?.body.pooled_sandboxes === 1;
    expect(await version('stopped')).toBe('one');
    expect(await version('restarted')).toBe('one');
    await server.call('POST', '/sandbox/stopped/stop');
    await until('the pool is filled', isFilled);

    await build('two');
    const engine = createDockerEngine();
    const imageId = await engine.imageId(TAG);
    const all = async () => await engine.list({ 'clara.image': imageId ?? '', 'clara.pooled': 'true' });
    await until('the pool has the new image', async () => (await all()).length >= 1 && (await isFilled()));
    expect(await version('new')).toBe('two');
    expect(await version('stopped')).toBe('two');
    expect(await version('restarted')).toBe('one');
    await server.call('POST', '/sandbox/restarted/restart');
    expect(await version('restarted')).toBe('two');

    for (const { name, id } of await engine.list({ 'clara.image': imageId ?? '' })) {
      if (name.includes('-pool-')) await engine.remove(id);
    }
    await run('docker', ['image', 'rm', '--force', TAG]);
    expect(await engine.imageId(TAG)).toBeNull();
    await engine.close();
    await server.call('POST', '/sandbox/stopped/stop');
    expect(await version('stopped')).toBe('two');
  });
});
