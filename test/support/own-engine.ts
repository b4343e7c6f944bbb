import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { ensureBaseImage } from './base-image.ts';
import { unmountAllBelow } from './mounts.ts';

const run = promisify(execFile);

/** A small image with Python that every engine of a test has. */
export const SMALL_IMAGE = 'clara-test-small:restart';

/** A Docker engine of a test's own, without a network, which it can restart. */
export class OwnEngine {
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

  /** Ends it and removes all that it has. */
  async remove(): Promise<void> {
    await this.end();
    await unmountAllBelow(this.#folder);
    await rm(this.#folder, { recursive: true, force: true });
  }

  async docker(...parameters: string[]): Promise<string> {
    return (await run('docker', ['-H', `unix://${this.socketPath}`, ...parameters])).stdout.trim();
  }

  /** Gives it the image. */
  async load(): Promise<void> {
    const base = await ensureBaseImage('python:3.12-slim');
    const archive = join(this.#folder, 'image.tar');
    await run('docker', ['save', '-o', archive, base]);
    await this.docker('load', '-i', archive);
    await rm(archive);
    await this.docker('tag', base, SMALL_IMAGE);
  }
}

/** Starts an engine with these options and an image, and has it removed by what is added to the closers. */
export async function startOwnEngine(more: readonly string[], closers: (() => Promise<unknown>)[]): Promise<OwnEngine> {
  const folder = await mkdtemp(join(tmpdir(), 'clara-engine-'));
  // With userns-remap the users of its containers come by.
  await chmod(folder, 0o711);
  const engine = new OwnEngine(folder, more);
  closers.push(() => engine.remove());
  await engine.start();
  await engine.load();
  return engine;
}
