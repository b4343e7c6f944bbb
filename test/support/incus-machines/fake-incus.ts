import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import { KeyedMutex } from '../../../src/async/keyed-mutex.ts';
import { Refusal, type Reply, type Request, toRequest } from './answers.ts';
import { Machine, type MachineConfig } from './machine.ts';
import { ENVIRONMENT, FINGERPRINTS, imageAt, projectAt } from './place.ts';
import { Program } from './program.ts';
import { FakeVolumes } from './volumes.ts';

/** What Incus' own checks let into the configuration of a virtual machine (internal/instance/config.go of Incus). */
const KEYS = /^(?:user\.|environment\.|limits\.(?:cpu|memory)$|security\.guestapi$)/;

interface Instance extends MachineConfig {
  readonly machine: Machine;
  readonly volumes: readonly string[];
}

interface Device {
  readonly type: string;
  readonly source?: string;
  readonly path: string;
}

/**
 * The part of Incus' API that virtual machines need, where none can start: the machines are containers of Docker, and what the server
 * has run in them runs there. It refuses what Incus refuses of virtual machines.
 */
export class FakeIncus {
  readonly socketPath: string;
  /** What it answers where it is asked for its warnings. */
  warnings: (project: string | null) => Reply = () => [];
  readonly #folder: string;
  readonly #image: string;
  readonly #server: Server;
  readonly #instances = new Map<string, Instance>();
  readonly #volumes: FakeVolumes;
  readonly #programs = new Map<string, Program>();
  /** Incus does one after the other what changes the state of an instance. */
  readonly #changing = new KeyedMutex<string>();

  private constructor(folder: string, image: string) {
    this.#folder = folder;
    this.#image = image;
    this.socketPath = join(folder, 'unix.socket');
    this.#volumes = new FakeVolumes(join(folder, 'volumes'), (volume) => this.#usersOf(volume));
    const sockets = new WebSocketServer({ noServer: true });
    this.#server = createServer(async (request, response) => {
      const { status, headers, body } = await toRequest(request, (asked) => this.#answer(asked));
      response.writeHead(status, headers).end(request.method === 'HEAD' ? undefined : body);
    });
    this.#server.on('upgrade', (request, socket, head) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'http://incus');
      const program = this.#programs.get(pathname.split('/')[3] ?? '');
      sockets.handleUpgrade(request, socket, head, (opened) => {
        void program?.attach(searchParams.get('secret') ?? '', opened);
      });
    });
  }

  /** Its machines are containers of this image of Docker. */
  static async start(image: string): Promise<FakeIncus> {
    const fake = new FakeIncus(await mkdtemp(join(tmpdir(), 'clara-fake-incus-')), image);
    await new Promise<void>((resolve) => fake.#server.listen(fake.socketPath, resolve));
    return fake;
  }

  async close(): Promise<void> {
    for (const { machine } of this.#instances.values()) await machine.remove();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #answer(request: Request): Promise<Reply> {
    const { method, path, query, body } = request;
    const [, version, kind, first, ...rest] = path.split('/');
    if (version === undefined || kind === undefined) {
      return { auth: 'trusted', environment: ENVIRONMENT };
    }
    if (kind === 'ready') return {};
    if (kind === 'projects') return projectAt(first);
    if (kind === 'warnings') return this.warnings(query.get('project'));
    if (kind === 'resources') return { cpu: { total: cpus().length }, memory: { total: totalmem() } };
    if (kind === 'images') return imageAt(first ?? '', decodeURIComponent(rest[0] ?? ''), query.get('project'));
    if (kind === 'operations') return await this.#operation(first, rest[0]);
    if (kind === 'storage-pools' && rest.length === 0) return { driver: 'btrfs' };
    if (kind === 'storage-pools') return await this.#volumes.answer(request, rest[2], rest[3]);
    if (first === undefined) return method === 'POST' ? this.#make(body) : this.#listed(query);
    if (method !== 'PUT' && method !== 'DELETE') return await this.#instance(this.#find(first), request, rest[0]);
    return await this.#changing.run(first, () => this.#instance(this.#find(first), request, rest[0]));
  }

  #find(name: string): Instance {
    const instance = this.#instances.get(name);
    if (!instance) throw new Refusal(404, 'Instance not found');
    return instance;
  }

  async #operation(id: string | undefined, rest: string | undefined): Promise<Reply> {
    if (id === undefined) {
      const running = [...this.#programs.values()].filter(({ isRunning }) => isRunning);
      return { running: running.map((program) => toOperation(program)) };
    }
    const program = this.#programs.get(id);
    if (!program) throw new Refusal(404, 'Operation not found');
    if (rest !== 'wait') return toOperation(program);
    const code = await program.wait();
    return { status: 'Success', metadata: { return: code } };
  }

  #make(body: {
    readonly name?: string;
    readonly type?: string;
    readonly config?: Record<string, string>;
    readonly devices?: Record<string, Device>;
    readonly source?: { readonly fingerprint?: string };
  }): Reply {
    const { name = '', config = {}, devices = {} } = body;
    if (body.type !== 'virtual-machine') throw new Refusal(400, 'Only virtual machines here');
    if (body.source?.fingerprint !== FINGERPRINTS.machine) throw new Refusal(400, 'Requested image type differs');
    for (const key of Object.keys(config)) {
      if (!KEYS.test(key)) throw new Refusal(400, `Invalid config: Unknown configuration key: ${key}`);
    }
    const shared = Object.values(devices).flatMap(({ source, path }) =>
      source === undefined ? [] : [{ source, path }],
    );
    for (const { source } of shared) {
      if (!this.#volumes.has(source)) throw new Refusal(404, 'Storage volume not found');
    }
    const shares = shared.map(({ source, path }) => ({ folder: this.#volumes.folderOf(source), path }));
    const volumes = shared.map(({ source }) => source);
    const made = { name, image: this.#image, config: { ...config }, shares };
    this.#instances.set(name, { ...made, volumes, machine: new Machine(made) });
    return {};
  }

  async #instance(instance: Instance, { method, query, body }: Request, rest: string | undefined): Promise<Reply> {
    const { name, config, machine } = instance;
    if (rest === 'state' && method === 'PUT') return await this.#act(machine, body.action ?? '');
    if (rest === 'state') return await stateOf(machine);
    if (rest === 'files') {
      requireRunning(machine);
      const content = await machine.read(query.get('path') ?? '/');
      if (content === null) throw new Refusal(404, 'file does not exist');
      return content;
    }
    if (rest === 'exec') return this.#exec(instance, body);
    if (method === 'GET') return toInstance(instance);
    if (method === 'PATCH') {
      const grows = bytesOf(body.config['limits.memory']) > bytesOf(config['limits.memory']);
      if (grows && machine.status !== 'Stopped') {
        throw new Refusal(500, 'Cannot increase memory size beyond boot time size when VM is running');
      }
      Object.assign(config, body.config);
      return {};
    }
    if (machine.status !== 'Stopped') throw new Refusal(400, 'Instance is running');
    await machine.remove();
    this.#instances.delete(name);
    return {};
  }

  async #act(machine: Machine, action: string): Promise<Reply> {
    const { status } = machine;
    if (action === 'start') {
      if (status !== 'Stopped') throw new Refusal(400, 'The instance is already running');
      await machine.start();
    } else if (action === 'stop') {
      if (status === 'Stopped') throw new Refusal(400, 'The instance is already stopped');
      await machine.stop();
    } else {
      requireRunning(machine);
      const isFrozen = action === 'freeze';
      if (isFrozen === (status === 'Frozen')) throw new Refusal(500, 'The instance is already frozen');
      await machine.freeze(isFrozen);
    }
    return {};
  }

  #exec(
    { name, machine }: Instance,
    body: { readonly command?: string[]; readonly user?: number; readonly group?: number; readonly cwd?: string },
  ): Reply {
    requireRunning(machine);
    if (machine.status === 'Frozen') throw new Refusal(400, 'Instance is frozen');
    const { command = [], user: uid = 0, group: gid = 0, cwd = '/' } = body;
    const isOfKernel = command.includes('/proc/vmstat');
    const program = new Program(`/1.0/instances/${name}`, command, async () =>
      isOfKernel
        ? machine.exec(['echo', (await machine.vmstat()).trim()], { uid, gid, cwd })
        : machine.exec(command, { uid, gid, cwd }),
    );
    this.#programs.set(program.id, program);
    return { operation: program.id, fds: program.secrets };
  }

  #listed(query: URLSearchParams): Reply {
    const wanted = [...(query.get('filter') ?? '').matchAll(/config\.(\S+) eq (\S+)/g)];
    const all = [...this.#instances.values()];
    return all.filter(({ config }) => wanted.every(([, key = '', value]) => config[key] === value)).map(toInstance);
  }

  #usersOf(volume: string): string[] {
    const users = [...this.#instances.values()].filter(({ volumes }) => volumes.includes(volume));
    return users.map(({ name }) => `/1.0/instances/${name}`);
  }
}

function toInstance({ name, config, machine }: Instance) {
  return { name, status: machine.status, config, location: 'none' };
}

function toOperation({ path, command, isRunning }: Program) {
  const status = isRunning ? 'Running' : 'Success';
  return { status, resources: { instances: [path] }, metadata: { command } };
}

async function stateOf(machine: Machine) {
  const { status } = machine;
  if (status === 'Stopped') return { status, processes: -1 };
  const { memory, cpu } = await machine.usage();
  return { status, processes: machine.hasAgent ? 2 : -1, memory: { usage: memory }, cpu: { usage: cpu } };
}

function bytesOf(limit: string | undefined): number {
  return Number.parseInt(limit ?? '0', 10);
}

function requireRunning({ status }: Machine): void {
  if (status === 'Stopped') throw new Refusal(400, 'Instance is not running');
}
