import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { createDockerEngine } from '../../../src/engines/docker/docker-engine.ts';
import { unmountAllBelow } from '../../support/mounts.ts';
import { SMALL_IMAGE, startOwnEngine } from '../../support/own-engine.ts';
import { startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

describe('a restart of the engine', () => {
  it.each([
    ['without live-restore', [], false],
    ['with live-restore', ['--live-restore'], true],
  ] as const)('%s: files stay, the next call works, and nothing is left', async (_, more, survives) => {
    const own = await startOwnEngine(more, closers);
    const dataDir = await mkdtemp(join(tmpdir(), 'clara-restart-'));
    const server = await startRealServer(
      { SANDBOX_DATA_DIR: dataDir, SANDBOX_DOCKER_IMAGE: SMALL_IMAGE, SANDBOX_DISK_LIMIT: '64m' },
      { engine: createDockerEngine({ socketPath: own.socketPath }) },
    );
    closers.push(async () => {
      await server.call('DELETE', '/sandbox/u');
      await server.leave();
      await unmountAllBelow(dataDir);
      await rm(dataDir, { recursive: true, force: true });
    });
    await server.execute('u', "open('kept.txt', 'w').write('kept')");
    await server.shell('u', 'nohup sleep 7771 >/dev/null 2>&1 & echo $! > pid');
    const id = await own.docker('ps', '-aq');

    await own.end();
    expect((await server.call('GET', '/health')).body).toMatchObject({ status: 'unhealthy' });
    // Where the sandbox runs on and the engine does not carry its stream, nothing is missed.
    expect((await server.execute('u', 'print(1)')).status).toBe(survives && !IS_GVISOR ? 200 : 503);
    await own.start();

    expect((await server.execute('u', "print(open('kept.txt').read())")).body).toMatchObject({ output: 'kept\n' });
    expect(await own.docker('ps', '-aq')).toBe(id);
    const { body } = await server.shell('u', 'grep sleep "/proc/$(cat pid)/comm"');
    expect(body.success).toBe(survives);
    expect((await server.call('DELETE', '/sandbox/u')).status).toBe(200);
    expect(await own.docker('ps', '-aq')).toBe('');
    expect(await own.docker('volume', 'ls', '-q')).toBe('');
  });
});
