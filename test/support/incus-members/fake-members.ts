import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { WebSocketServer } from 'ws';
import type { Engine } from '../../../src/engines/engine.ts';
import { createIncusCluster } from '../../../src/engines/incus/cluster/cluster-engine.ts';
import { CONTAINERS } from '../../../src/engines/incus/cluster/container-shape.ts';
import { MACHINES } from '../../../src/engines/incus/machines/machine-shape.ts';
import { makeCertificate } from '../certificate.ts';
import { Refusal, type Reply, type Request, toRequest } from '../incus-machines/answers.ts';
import { Program } from '../incus-machines/program.ts';
import { FakeDatabase, type FakeInstance } from './database.ts';

/** The image that all members have. */
export const MEMBERS_IMAGE = 'clara-sandbox:latest';

const FINGERPRINT = 'c3'.repeat(32);

interface LoadedImage {
  readonly source: Readonly<Record<string, string>>;
  readonly aliases: readonly { readonly name: string }[];
}

interface Closers {
  push(close: () => Promise<unknown>): void;
}

/** The part of Incus' API that a cluster's sandboxes need, of several members in this process; nothing runs in its instances but what `run` says. */
export class FakeMembers {
  readonly database = new FakeDatabase();
  /** What programs of instances are: an argv of this machine in the place of theirs. */
  run: (command: readonly string[]) => readonly string[] = () => ['true'];
  /** What each member was asked, in order: `node1 GET /1.0`; not whether it is there. */
  readonly asked: string[] = [];
  /** What they were told to load of image servers, and what speaks against that. */
  readonly loads: LoadedImage[] = [];
  loadRefusal: Refusal | null = null;
  readonly #urls = new Map<string, string>();
  readonly #servers = new Map<string, Server>();
  readonly #programs = new Map<string, Program>();
  #trustFolder = '';

  /** Starts them; what is added to the closers ends them. */
  static async start(closers: Closers, names: readonly string[] = ['node1', 'node2', 'node3']): Promise<FakeMembers> {
    const fake = new FakeMembers();
    const folder = await mkdtemp(join(tmpdir(), 'clara-unit-members-'));
    closers.push(() => rm(folder, { recursive: true }));
    const { key, certificate } = await makeCertificate('member', folder);
    fake.#trustFolder = join(folder, 'trust');
    await mkdir(fake.#trustFolder);
    await writeFile(join(fake.#trustFolder, 'client.key'), key);
    for (const file of ['client.crt', 'server.crt']) await writeFile(join(fake.#trustFolder, file), certificate);
    for (const name of names) {
      const server = fake.#serve(name, { key, cert: certificate });
      server.listen(0, '127.0.0.1');
      await once(server, 'listening');
      fake.#servers.set(name, server);
      closers.push(async () => {
        server.closeAllConnections();
        await new Promise((resolve) => server.close(resolve));
      });
      fake.#urls.set(name, `https://127.0.0.1:${(server.address() as AddressInfo).port}`);
    }
    return fake;
  }

  /** Their addresses, as INCUS_REMOTE has them. */
  get remote(): string {
    return [...this.#urls.values()].join(',');
  }

  /** Puts what opens them where a server with this data folder has it. */
  async makeTrusted(dataDir: string): Promise<void> {
    await cp(this.#trustFolder, join(dataDir, 'incus'), { recursive: true });
  }

  /** Has one of them answer nobody any more. */
  stop(name: string): void {
    this.#servers.get(name)?.close().closeAllConnections();
  }

  /** An engine in front of them, which the closers close. */
  open(closers: Closers, kind: 'incus' | 'incus-vm' = 'incus', images: readonly string[] = []): Engine {
    const engine = createIncusCluster({
      images,
      urls: [...this.#urls.values()],
      project: 'clara-sandbox',
      pool: 'clara-sandbox',
      folder: this.#trustFolder,
      token: null,
      shape: kind === 'incus' ? CONTAINERS : MACHINES,
    });
    closers.push(() => engine.close());
    return engine;
  }

  /** Makes the incus command of a user with this home know the first of them by a name, and its own images' server. */
  async makeKnown(home: string, name: string): Promise<void> {
    const folder = join(home, '.config', 'incus');
    await mkdir(join(folder, 'servercerts'), { recursive: true });
    const [addr = ''] = this.#urls.values();
    const remotes = [
      ...['remotes:', '  pictures:', '    addr: https://pictures.test', '    protocol: simplestreams'],
      ...['  own:', '    addr: unix://', `  ${name}:`, `    addr: ${addr}`, '    auth_type: tls'],
      ...['  stranger:', '    addr: https://stranger.test:8443', '    protocol: incus'],
    ];
    await writeFile(join(folder, 'config.yml'), `${remotes.join('\n')}\n`);
    for (const file of ['client.key', 'client.crt']) await copyFile(join(this.#trustFolder, file), join(folder, file));
    await copyFile(join(this.#trustFolder, 'server.crt'), join(folder, 'servercerts', `${name}.crt`));
  }

  /** The ports at which they listen. */
  get ports(): readonly number[] {
    return [...this.#urls.values()].map((url) => Number(new URL(url).port));
  }

  #serve(name: string, certificate: { readonly key: string; readonly cert: string }): Server {
    const sockets = new WebSocketServer({ noServer: true });
    const server = createServer(certificate, async (message, response) => {
      const { status, headers, body } = await toRequest(message, (request) => this.#answer(name, request));
      response.writeHead(status, headers).end(message.method === 'HEAD' ? undefined : body);
    });
    server.on('upgrade', (request, socket, head) => {
      const { pathname, searchParams } = new URL(request.url ?? '', 'https://incus');
      const program = this.#programs.get(pathname.split('/')[3] ?? '');
      sockets.handleUpgrade(request, socket, head, (opened) => {
        void program?.attach(searchParams.get('secret') ?? '', opened);
      });
    });
    return server;
  }

  async #answer(member: string, request: Request): Promise<Reply> {
    const { method, path, query, body } = request;
    const [, version, kind, first, ...rest] = path.split('/');
    if (!version) return {};
    this.asked.push(`${member} ${method} ${path}`);
    if (kind === undefined)
      return { auth: 'trusted', environment: { server_version: '6.0.4', server_clustered: true } };
    if (kind === 'projects') return {};
    if (kind === 'warnings') return [];
    if (kind === 'resources') return { cpu: { total: 2 }, memory: { total: 2 ** 33 } };
    if (kind === 'cluster') return this.#members();
    if (kind === 'images' && method === 'POST') return this.#load(body);
    if (kind === 'images') return this.#image(first ?? '', decodeURIComponent(rest[0] ?? ''));
    if (kind === 'operations') return await this.#operation(first ?? '', rest[0]);
    const target = query.get('target') ?? member;
    if (kind === 'storage-pools') return this.database.answerVolumes({ ...request, target }, rest[2], rest[3]);
    if (first === undefined) return method === 'POST' ? this.database.make(target, body) : this.database.list();
    const instance = this.database.find(first);
    if (rest[0] === 'exec') return this.#exec(instance, body.command);
    return this.database.answerInstance(instance, request, rest[0]);
  }

  #members(): Reply {
    return [...this.#urls].map(([name, url]) => ({
      server_name: name,
      url,
      status: this.database.evacuated.has(name) ? 'Evacuated' : 'Online',
    }));
  }

  #load(body: LoadedImage): Reply {
    if (this.loadRefusal) throw this.loadRefusal;
    this.loads.push(body);
    return {};
  }

  #image(first: string, alias: string): Reply {
    const [loaded] = this.loads.filter(({ aliases }) => aliases.some(({ name }) => name === alias));
    if (first === 'aliases' && (alias === MEMBERS_IMAGE || loaded)) return { target: FINGERPRINT };
    if (first === FINGERPRINT) return { type: 'container', properties: { 'clara.source': 'sha256:0' } };
    throw new Refusal(404, 'Image not found');
  }

  #exec({ name, status }: FakeInstance, command: readonly string[]): Reply {
    if (status !== 'Running') throw new Refusal(400, 'Instance is not running');
    const [file = '', ...parameters] = this.run(command);
    const start = async () => spawn(file, parameters, { detached: true, stdio: 'pipe' });
    const program = new Program(`/1.0/instances/${name}`, command, start);
    this.#programs.set(program.id, program);
    return { operation: program.id, fds: program.secrets };
  }

  async #operation(id: string, rest: string | undefined): Promise<Reply> {
    const program = this.#programs.get(id);
    if (!program) return { status: 'Success', metadata: {} };
    const code = rest === 'wait' ? await program.wait() : undefined;
    return { status: program.isRunning ? 'Running' : 'Success', metadata: { return: code } };
  }
}
