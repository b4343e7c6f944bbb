import { randomBytes } from 'node:crypto';
import { chown, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { PassThrough } from 'node:stream';
import { finished } from 'node:stream/promises';
import type Docker from 'dockerode';
import { parseConfig } from '../../src/config/config.ts';
import { toContainerOptions } from '../../src/engines/docker/container-options.ts';
import { toEngineSpec } from '../../src/sandboxes/spec/engine-spec.ts';
import { resolveSpec } from '../../src/sandboxes/spec/sandbox-spec.ts';
import { writeSharedFiles } from '../../src/sandboxes/storage/shared-files.ts';
import { accountFilesIn, writeAccountFiles } from '../../src/sandboxes/users/account-files.ts';
import { NO_ACCOUNTS } from '../../src/sandboxes/users/accounts.ts';
import { connectEngine, removeContainers } from './containers.ts';

const LABEL = 'clara.bench';

/** Nobody else on a machine. */
const USER = { uid: 1_879_000_000, gid: 1_879_000_000 } as const;

/**
 * The other side of every comparison: containers of the same image, hardened in the same way, worked in through `docker exec`
 * (create, start with stdin and output attached, wait for the end, inspect), as servers do that have no agent.
 */
export class DockerExec {
  readonly #docker: Docker = connectEngine();
  readonly #folder: string;
  readonly #mark = randomBytes(6).toString('hex');
  readonly #kept: string[] = [];
  #cpus = 1;
  #made = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** Containers that run, the same ones for each caller; ids. */
  async containers(count: number): Promise<readonly string[]> {
    while (this.#kept.length < count) this.#kept.push(await this.createAndStart());
    return this.#kept.slice(0, count);
  }

  /** A new container that runs, as two calls to the engine; its id. */
  async createAndStart(): Promise<string> {
    if (this.#made === 0) this.#cpus = (await this.#docker.info()).NCPU;
    this.#made += 1;
    const id = `bench-${this.#made}`;
    const folders = {
      workspace: join(this.#folder, id, 'workspace'),
      packages: join(this.#folder, id, 'packages'),
      socket: join(this.#folder, id, 'line'),
      certificates: join(this.#folder, id, 'certificates'),
    };
    for (const folder of Object.values(folders)) {
      await mkdir(folder, { recursive: true });
      await chown(folder, USER.uid, USER.gid);
    }
    const accounts = accountFilesIn(join(this.#folder, id));
    await writeAccountFiles(join(this.#folder, id), NO_ACCOUNTS, USER.uid);
    await writeSharedFiles(this.#folder);
    const config = parseConfig({ SANDBOX_API_KEY: 'key-of-the-benchmark', SANDBOX_NETWORK: 'none' });
    const spec = toEngineSpec(config, {
      instance: this.#mark,
      id,
      dataDir: this.#folder,
      folders: { ...folders, ...accounts, user: USER, owner: USER },
      spec: resolveSpec(config, {}),
      imageId: null,
    });
    const host = { cpus: this.#cpus, users: 'same', cgroups: 1, limitsTerminals: true } as const;
    const options = toContainerOptions({ ...spec, labels: { [LABEL]: this.#mark } }, host);
    const container = await this.#docker.createContainer({ name: spec.name, ...options });
    await container.start();
    return container.id;
  }

  /** Runs a program to its end; throws where it fails. */
  async exec(id: string, argv: readonly string[], stdin: Iterable<Buffer> = []): Promise<number> {
    const exec = await this.#docker.getContainer(id).exec({
      Cmd: [...argv],
      AttachStdin: true,
      AttachStdout: true,
      AttachStderr: true,
      Tty: false,
    });
    const stream = await exec.start({ hijack: true, stdin: true });
    const output = new PassThrough();
    let bytes = 0;
    output.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
    });
    this.#docker.modem.demuxStream(stream, output, output);
    for (const chunk of stdin) {
      if (!stream.write(chunk)) await new Promise((resolve) => stream.once('drain', resolve));
    }
    stream.end();
    await finished(stream, { writable: false });
    for (;;) {
      const { Running, ExitCode } = await exec.inspect();
      if (ExitCode === 0) return bytes;
      // The engine ends the stream a moment before it notes the exit code.
      if (!Running && ExitCode !== null) throw new Error(`${argv.join(' ')} ended with ${ExitCode}.`);
    }
  }

  pause(id: string): Promise<unknown> {
    return this.#docker.getContainer(id).pause();
  }

  resume(id: string): Promise<unknown> {
    return this.#docker.getContainer(id).unpause();
  }

  stop(id: string): Promise<unknown> {
    return this.#docker.getContainer(id).stop({ t: 2 });
  }

  start(id: string): Promise<unknown> {
    return this.#docker.getContainer(id).start();
  }

  remove(id: string): Promise<unknown> {
    return this.#docker.getContainer(id).remove({ force: true });
  }

  /** States of a server's containers, which bear its instance in their labels. */
  async statesOf(instance: string): Promise<{ id: string; state: string }[]> {
    const found = await this.#docker.listContainers({ all: true, filters: { label: [`clara.instance=${instance}`] } });
    return found.map((container) => ({ id: container.Id, state: container.State }));
  }

  /** The host's pids of the main processes of a server's containers that run. */
  async mainPidsOf(instance: string): Promise<number[]> {
    const running = (await this.statesOf(instance)).filter(({ state }) => state === 'running');
    const details = await Promise.all(running.map(({ id }) => this.#docker.getContainer(id).inspect()));
    return details.map(({ State }) => State.Pid);
  }

  /** The host's pids of a sandbox's own processes: its agent and what that keeps warm. */
  async agentPids(id: string): Promise<number[]> {
    const top: { Processes: string[][] } = await this.#docker.getContainer(id).top({ ps_args: '-eo pid,args' });
    return top.Processes.filter(([, command]) => command?.startsWith('clara-')).map(([pid]) => Number(pid));
  }

  /** Version of the engine and number of its CPUs. */
  async describe(): Promise<{ version: string; cpus: number; kernel: string }> {
    const { ServerVersion, NCPU, KernelVersion } = await this.#docker.info();
    return { version: ServerVersion, cpus: NCPU, kernel: KernelVersion };
  }

  /** Removes all containers of this run. */
  async close(): Promise<void> {
    await removeContainers(`${LABEL}=${this.#mark}`);
  }
}
