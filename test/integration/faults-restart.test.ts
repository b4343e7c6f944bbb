import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { createDockerEngine } from '../../src/engines/docker/docker-engine.ts';
import { unmountAllBelow } from '../support/mounts.ts';
import { startRealServer } from '../support/real-server.ts';

const run = promisify(execFile);
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const IMAGE = 'clara-test-small:restart';
const BASE = 'clara-sandbox-base:bookworm';

/** A Docker engine of the test's own, without a network, which it can restart. */
class OwnEngine {
  readonly socketPath: string;
  readonly #folder: string;
  readonly #more: readonly string[];
  #daemon: ChildProcess | undefined;

  constructor(folder: string, more: readonly string[]) {
    this.#folder = folder;
    this.#more = more;
    this.socketPath = join(folder, 'engine.sock');
  }

  async start(): Promise<void> {
    const folder = this.#folder;
    const places = ['--data-root', join(folder, 'data'), '--exec-root', join(folder, 'exec')];
    const files = ['--pidfile', join(folder, 'pid'), '-H', `unix://${this.socketPath}`];
    const network = ['--bridge=none', '--iptables=false', '--ip6tables=false'];
    // In a network of its own: an engine without a bridge removes the one it finds, which is the other engine's.
    const daemon = ['--net', 'dockerd', ...places, ...files, ...network, ...this.#more];
    this.#daemon = spawn('unshare', daemon, { stdio: 'ignore' });
    for (;;) {
      if (this.#daemon.exitCode !== null) throw new Error(`dockerd ended with code ${this.#daemon.exitCode}.`);
      const isUp = await this.docker('version').then(
        () => true,
        () => false,
      );
      if (isUp) return;
    }
  }

  async end(): Promise<void> {
    if (!this.#daemon || this.#daemon.exitCode !== null) return;
    const exited = once(this.#daemon, 'exit');
    this.#daemon.kill('SIGTERM');
    await exited;
  }

  async docker(...parameters: string[]): Promise<string> {
    return (await run('docker', ['-H', `unix://${this.socketPath}`, ...parameters])).stdout.trim();
  }
}

async function ownEngine(more: readonly string[]): Promise<OwnEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'clara-engine-'));
  const engine = new OwnEngine(folder, more);
  closers.push(async () => {
    await engine.end();
    await unmountAllBelow(folder);
    await rm(folder, { recursive: true, force: true });
  });
  await engine.start();
  const archive = join(folder, 'image.tar');
  await run('docker', ['save', '-o', archive, BASE]);
  await engine.docker('load', '-i', archive);
  await engine.docker('tag', BASE, IMAGE);
  return engine;
}

describe('a restart of the engine', () => {
  it.each([
    ['without live-restore', [], false],
    ['with live-restore', ['--live-restore'], true],
  ] as const)('%s: files stay, the next call works, and nothing is left', async (_, more, survives) => {
    const own = await ownEngine(more);
    const dataDir = await mkdtemp(join(tmpdir(), 'clara-restart-'));
    const server = await startRealServer(
      { SANDBOX_DATA_DIR: dataDir, SANDBOX_DOCKER_IMAGE: IMAGE, SANDBOX_DISK_LIMIT: '64m' },
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
    expect((await server.execute('u', 'print(1)')).status).toBe(503);
    await own.start();

    expect((await server.execute('u', "print(open('kept.txt').read())")).body).toMatchObject({ output: 'kept\n' });
    expect(await own.docker('ps', '-aq')).toBe(id);
    const { body } = await server.shell('u', 'grep sleep "/proc/$(cat pid)/comm"');
    expect(body.success).toBe(survives);
    expect((await server.call('DELETE', '/sandbox/u')).status).toBe(200);
    expect(await own.docker('ps', '-aq')).toBe('');
  });
});
