import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync } from 'node:fs';
import { chmod, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.ts';
import { makeIncusImage } from './incus-cluster-image.ts';
import type { TestMember } from './incus-cluster-member.ts';
import { unmountAllBelow } from './mounts.ts';
import { until } from './until.ts';

const run = promisify(execFile);

const DAEMON = '/usr/libexec/incus/incusd';
const PROJECT = 'clara-sandbox';
const POOL = 'clara-sandbox';
const POOL_SIZE = '3GiB';

/** What a project is told that servers of other machines are let into. */
const ALLOWED = ['containers.lowlevel', 'cluster.target', 'backups'].map((what) => `restricted.${what}=allow`);
const FOR_OTHERS = ['restricted=true', ...ALLOWED];

/** The name that images of sandboxes have there. */
export const CLUSTER_IMAGE = 'clara-sandbox:latest';

/** Three daemons of Incus on this machine, each with a pool of its own, beside whatever else is on it. */
export class IncusCluster {
  readonly members: TestMember[] = [];
  readonly #folder: string;
  readonly #isMany: boolean;
  readonly #daemons = new Map<string, ChildProcess>();
  #tokens = 0;

  private constructor(folder: string, isMany: boolean) {
    this.#folder = folder;
    this.#isMany = isMany;
  }

  /** Starts one daemon alone, as on a machine that runs its own sandboxes: its project may bind folders of the machine. */
  static async alone(closers: (() => Promise<unknown>)[]): Promise<TestMember> {
    const { members } = await IncusCluster.form(closers, ['alone'], []);
    const [member] = members;
    if (!member) throw new Error('There is no daemon.');
    return member;
  }

  /** Forms one of these members, or starts one daemon alone, with a project, an image and nobody who is trusted; has it removed by what is added to the closers. */
  static async form(
    closers: (() => Promise<unknown>)[],
    names: readonly string[] = ['node1', 'node2', 'node3'],
    limits: readonly string[] = FOR_OTHERS,
  ): Promise<IncusCluster> {
    const folder = await mkdtemp('/var/tmp/clara-cluster-');
    // The users of containers come by.
    await chmod(folder, 0o711);
    const cluster = new IncusCluster(folder, names.length > 1);
    closers.push(() => cluster.remove());
    for (const name of names) await cluster.#add(name);
    const features = ['images', 'profiles', 'storage.volumes'].map((feature) => `features.${feature}=true`);
    await cluster.incus('project', 'create', PROJECT, ...[...features, ...limits].flatMap((one) => ['-c', one]));
    const image = await makeIncusImage(cluster.#folder);
    await cluster.incus('image', 'import', ...image, '--project', PROJECT, '--alias', CLUSTER_IMAGE);
    for (const { name } of cluster.members) await cluster.#unpack(name);
    return cluster;
  }

  /** The addresses of all members. */
  get urls(): string {
    return this.members.map(({ url }) => url).join(',');
  }

  /** A token for one who is to be trusted with the project alone. */
  async token(): Promise<string> {
    this.#tokens += 1;
    const name = `server${this.#tokens}`;
    return (await this.incus('config', 'trust', 'add', name, '--restricted', '--projects', PROJECT, '-q')).trim();
  }

  /** What the command says, asked of the first member that runs. */
  async incus(...parameters: string[]): Promise<string> {
    const [name = ''] = this.#daemons.keys();
    return await this.#incusAt(name, parameters);
  }

  /** The member that leads the cluster's database. */
  async leader(): Promise<TestMember> {
    const [name = ''] = this.#daemons.keys();
    const found: { server_name: string; roles: string[] }[] = JSON.parse(
      await this.#incusAt(name, ['query', '/1.0/cluster/members?recursion=1']),
    );
    return this.member(found.find(({ roles }) => roles.includes('database-leader'))?.server_name ?? '');
  }

  /** The member of that name. */
  member(name: string): TestMember {
    const found = this.members.find((member) => member.name === name);
    if (!found) throw new Error(`There is no member ${name}.`);
    return found;
  }

  /** The name of the member that has the sandbox of a user, once the others have heard from that one. */
  async placeOf(user: string): Promise<string> {
    let place: string | undefined;
    await until(`it is told where ${user} has a sandbox`, async () => {
      place = (await this.#instances()).find(({ config }) =>
        config?.['user.clara.name']?.includes(`-${user}-`),
      )?.location;
      return place !== undefined;
    });
    return place ?? '';
  }

  /** The names of all volumes. */
  async volumes(): Promise<readonly string[]> {
    const path = `/1.0/storage-pools/${POOL}/volumes/custom?recursion=1&project=${PROJECT}`;
    const all: { name: string }[] = JSON.parse(await this.incus('query', path));
    return all.map(({ name }) => name);
  }

  /** Removes one that nothing uses. */
  async removeVolume(name: string): Promise<void> {
    await this.incus('storage', 'volume', 'delete', POOL, name, '--project', PROJECT);
  }

  /** Has a member die, and be taken out of the cluster for good; what ran there has to be stopped before. */
  async lose({ name, kill }: TestMember): Promise<void> {
    await kill();
    this.members.splice(0, this.members.length, ...this.members.filter((member) => member.name !== name));
    // Incus finds out by and by that it is away, and refuses until then.
    await this.#untilDone('it is taken out', 'cluster', 'remove', name, '--force', '--yes');
  }

  /** Removes all that it has from this machine. */
  async remove(): Promise<void> {
    await this.#removeContainers();
    for (const name of [...this.#daemons.keys()]) await this.#end(name, 'SIGKILL');
    await unmountAllBelow(this.#folder);
    const { stdout } = await run('losetup', ['--list', '--noheadings', '--output', 'NAME,BACK-FILE']);
    for (const line of stdout.split('\n')) {
      const [device, file] = line.trim().split(/\s+/);
      if (device && file?.startsWith(`${this.#folder}/`)) await run('losetup', ['--detach', device]);
    }
    await rm(this.#folder, { recursive: true, force: true });
  }

  async #add(name: string): Promise<void> {
    const address = `127.0.0.1:${await freePort()}`;
    const [first] = this.#daemons.keys();
    const token = first === undefined ? '' : (await this.#incusAt(first, ['cluster', 'add', name, '--quiet'])).trim();
    await mkdir(join(this.#folder, name), { mode: 0o711 });
    await this.#start(name);
    const joined = {
      cluster: {
        ...{ enabled: true, server_name: name, server_address: address, cluster_token: token },
        member_config: [
          { entity: 'storage-pool', name: POOL, key: 'source', value: '' },
          { entity: 'storage-pool', name: POOL, key: 'size', value: POOL_SIZE },
        ],
      },
    };
    const begun = {
      config: { 'core.https_address': address },
      storage_pools: [{ name: POOL, driver: 'btrfs', config: { size: POOL_SIZE } }],
      ...(this.#isMany ? { cluster: { enabled: true, server_name: name } } : {}),
    };
    await this.#preseed(name, token === '' ? begun : joined);
    this.members.push({
      name,
      url: `https://${address}`,
      socketPath: join(this.#folder, name, 'unix.socket'),
      kill: () => this.#end(name, 'SIGKILL'),
      end: () => this.#end(name, 'SIGTERM'),
      start: () => this.#start(name),
      signal: (one) => void this.#daemons.get(name)?.kill(one),
    });
  }

  /** A member fetches and unpacks an image when the first container there is made of it. */
  async #unpack(name: string): Promise<void> {
    const place = ['--project', PROJECT, '--no-profiles', '--storage', POOL];
    const target = this.#isMany ? ['--target', name] : [];
    await this.incus('create', `local:${CLUSTER_IMAGE}`, 'first', ...place, ...target);
    await this.incus('delete', '--project', PROJECT, 'first');
  }

  async #preseed(name: string, text: object): Promise<void> {
    const child = execFile('incus', ['admin', 'init', '--preseed'], { env: this.#envOf(name) });
    child.stdin?.end(JSON.stringify(text));
    const [code] = await once(child, 'close');
    if (code !== 0) throw new Error(`Incus ${name} could not be set up (code ${code}).`);
  }

  async #start(name: string): Promise<void> {
    // Neither the output nor the session of the test: what it starts would hold them.
    const log = openSync(join(this.#folder, `${name}.log`), 'a');
    const env = this.#envOf(name);
    const daemon = spawn(DAEMON, ['--group', 'root'], { detached: true, stdio: ['ignore', log, log], env });
    closeSync(log);
    this.#daemons.set(name, daemon);
    await this.#incusAt(name, ['admin', 'waitready', '--timeout', '60']);
  }

  async #end(name: string, signal: 'SIGTERM' | 'SIGKILL'): Promise<void> {
    const daemon = this.#daemons.get(name);
    this.#daemons.delete(name);
    if (!daemon || daemon.exitCode !== null || daemon.signalCode !== null) return;
    const exited = once(daemon, 'exit');
    daemon.kill(signal);
    await exited;
  }

  /** Whoever is down is started for it: containers outlive their daemon. */
  async #removeContainers(): Promise<void> {
    for (const { name } of this.members) {
      this.#daemons.get(name)?.kill('SIGCONT');
      if (!this.#daemons.has(name)) await this.#start(name);
    }
    if (this.members.length === 0) return;
    for (const { name } of await this.#instances()) {
      await this.#untilDone('a sandbox is removed', 'delete', '--force', '--project', PROJECT, name);
    }
  }

  /** Runs a command until the members that it needs are ready. */
  async #untilDone(what: string, ...parameters: string[]): Promise<void> {
    await until(what, () =>
      this.incus(...parameters).then(
        () => true,
        () => false,
      ),
    );
  }

  async #instances(): Promise<readonly { name: string; location: string; config: Record<string, string> | null }[]> {
    return JSON.parse(await this.incus('query', `/1.0/instances?recursion=1&project=${PROJECT}`));
  }

  async #incusAt(name: string, parameters: readonly string[]): Promise<string> {
    const running = run('incus', [...parameters], { env: this.#envOf(name), maxBuffer: 2 ** 24 });
    // Some commands read what is to be made from there, if it is no terminal.
    running.child.stdin?.end();
    return (await running).stdout;
  }

  #envOf(name: string): NodeJS.ProcessEnv {
    return { ...process.env, INCUS_DIR: join(this.#folder, name) };
  }
}
