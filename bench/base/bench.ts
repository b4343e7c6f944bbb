import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DockerExec } from './docker-exec.ts';
import type { Options } from './options.ts';
import { dataFolderIn, Server } from './server.ts';

/** What every family of rows measures with; owns all processes, containers and folders of a run. */
export class Bench {
  readonly dockerExec: DockerExec;
  readonly #options: Options;
  readonly #folder: string;
  readonly #servers = new Set<Server>();
  #started = 0;
  #closing: Promise<void> | undefined;

  private constructor(options: Options, folder: string) {
    this.#options = options;
    this.#folder = folder;
    this.dockerExec = new DockerExec(join(folder, 'docker-exec'));
  }

  static async open(options: Options): Promise<Bench> {
    return new Bench(options, await mkdtemp(join(tmpdir(), 'clara-bench-')));
  }

  /** How many samples to take: in a full run, in a quick one. */
  count(full: number, quick: number): number {
    return this.#options.isQuick ? quick : full;
  }

  /** Does work with a server of its own; `variables` are those of its environment, `prepare` makes what it finds in its data folder. */
  async withServer<T>(
    variables: Readonly<Record<string, string>>,
    work: (server: Server) => Promise<T>,
    prepare: (dataDir: string) => Promise<void> = async () => undefined,
  ): Promise<T> {
    this.#started += 1;
    const folder = join(this.#folder, `server-${this.#started}`);
    await prepare(dataFolderIn(folder));
    const server = await Server.start(folder, variables);
    this.#servers.add(server);
    try {
      return await work(server);
    } finally {
      this.#servers.delete(server);
      await server.close();
    }
  }

  /** Removes everything that the run has made; who asks twice waits for the same. */
  close(): Promise<void> {
    this.#closing ??= this.#removeAll();
    return this.#closing;
  }

  async #removeAll(): Promise<void> {
    await Promise.allSettled([...this.#servers].map((server) => server.close()));
    await this.dockerExec.close();
    await rm(this.#folder, { recursive: true, force: true });
  }
}
