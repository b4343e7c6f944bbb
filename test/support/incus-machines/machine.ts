import { type ChildProcess, execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import { promisify } from 'node:util';

const run = promisify(execFile);

/** As often as it is looked at, the agent of Incus does not answer yet. */
const BOOT_LOOKS = 2;

/** What Incus gives every program of a virtual machine, and its configuration over it. */
const USUAL_ENVIRONMENT = {
  PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin',
  HOME: '/root',
  USER: 'root',
  LANG: 'C.UTF-8',
};

/** What is known of a machine by Incus' API. */
export interface MachineConfig {
  readonly name: string;
  readonly image: string;
  readonly config: Record<string, string>;
  /** Folders of this machine that stand for volumes, and where they are mounted. */
  readonly shares: readonly { readonly folder: string; readonly path: string }[];
}

/**
 * A machine that is none: a container of Docker. Programs enter it from outside, so that root has the rights of a virtual machine's, as
 * the agent of Incus does, without its being a part of the container.
 */
export class Machine {
  readonly #config: MachineConfig;
  #pid = 0;
  #looks = 0;
  #isMade = false;
  status: 'Stopped' | 'Running' | 'Frozen' = 'Stopped';

  constructor(config: MachineConfig) {
    this.#config = config;
  }

  async start(): Promise<void> {
    const { name, image, config, shares } = this.#config;
    if (!this.#isMade) {
      const memory = config['limits.memory'] ?? '512m';
      await run('docker', [
        ...['create', '--name', name, '--network', 'none', '--user', '0', '--tmpfs', '/run:exec'],
        ...['--memory', memory.toLowerCase(), '--memory-swap', memory.toLowerCase()],
        ...shares.flatMap(({ folder, path }) => ['--volume', `${folder}:${path}`]),
        ...['--entrypoint', '/bin/sleep', image, 'infinity'],
      ]);
      this.#isMade = true;
    }
    for (const { folder } of shares) await mkdir(folder, { recursive: true });
    await run('docker', ['start', name]);
    const { stdout } = await run('docker', ['inspect', '--format', '{{.State.Pid}}', name]);
    this.#pid = Number(stdout);
    this.#looks = 0;
    this.status = 'Running';
    config['volatile.last_state.power'] = 'RUNNING';
  }

  /** Its disk stays. */
  async stop(): Promise<void> {
    if (this.status === 'Frozen') await this.freeze(false);
    await run('docker', ['kill', this.#config.name]);
    await run('docker', ['wait', this.#config.name]);
    this.status = 'Stopped';
  }

  async remove(): Promise<void> {
    if (this.#isMade) await run('docker', ['rm', '--force', this.#config.name]);
  }

  async freeze(isFrozen: boolean): Promise<void> {
    await run('docker', [isFrozen ? 'pause' : 'unpause', this.#config.name]);
    this.status = isFrozen ? 'Frozen' : 'Running';
  }

  /** Counts looks, as the agent comes up after some of them. */
  get hasAgent(): boolean {
    this.#looks += 1;
    return this.#looks > BOOT_LOOKS;
  }

  async usage(): Promise<{ memory: number; cpu: number }> {
    const memory = (await this.#read('memory', ['memory.usage_in_bytes', 'memory.current'])) ?? '0';
    const cpu = (await this.#read('cpuacct', ['cpuacct.usage', 'cpu.stat'])) ?? '0';
    return { memory: Number(memory), cpu: Number(/usage_usec (\d+)/.exec(cpu)?.[1] ?? 0) * 1000 || Number(cpu) };
  }

  /** What the kernel of a virtual machine says of itself, as this machine's kernel counts for all of them. */
  async vmstat(): Promise<string> {
    const events = (await this.#read('memory', ['memory.oom_control', 'memory.events'])) ?? '';
    return `oom_kill ${/^oom_kill (\d+)$/m.exec(events)?.[1] ?? 0}\n`;
  }

  /** Starts a program in all of its namespaces and control groups. */
  async exec(command: readonly string[], user: { uid: number; gid: number; cwd: string }): Promise<ChildProcess> {
    const environment = Object.entries(this.#config.config).flatMap(([key, value]) =>
      key.startsWith('environment.') ? [[key.slice('environment.'.length), value]] : [],
    );
    const enter = [
      ...['nsenter', '--target', String(this.#pid), '--mount', '--uts', '--ipc', '--net', '--pid', '--root'],
      ...[`--wd=${`/proc/${this.#pid}/root${user.cwd}`}`, '--setuid', String(user.uid), '--setgid', String(user.gid)],
    ];
    const folders = await groupFolders(this.#pid);
    const joined = `for folder in ${folders.join(' ')}; do echo $$ > "$folder/cgroup.procs"; done; exec "$@"`;
    return spawn('sh', ['-c', joined, 'sh', ...enter, ...command], {
      env: { ...USUAL_ENVIRONMENT, ...Object.fromEntries(environment) },
      stdio: 'pipe',
      detached: true,
    });
  }

  /** The bytes of a file; null where there is none. */
  async read(path: string): Promise<Buffer | null> {
    const child = await this.exec(['cat', path], { uid: 0, gid: 0, cwd: '/' });
    const parts: Buffer[] = [];
    child.stdout?.on('data', (part: Buffer) => parts.push(part));
    const [code] = await once(child, 'close');
    return code === 0 ? Buffer.concat(parts) : null;
  }

  async #read(controller: string, names: readonly string[]): Promise<string | null> {
    for (const folder of await groupFolders(this.#pid, controller)) {
      for (const name of names) {
        const text = await readFile(`${folder}/${name}`, 'utf8').catch(() => null);
        if (text !== null) return text.trim();
      }
    }
    return null;
  }
}

/** Where the control groups of a process are, of all controllers or of one; version 2 has one for all. */
async function groupFolders(pid: number, wanted?: string): Promise<readonly string[]> {
  const lines = (await readFile(`/proc/${pid}/cgroup`, 'utf8')).trim().split('\n');
  return lines
    .flatMap((line) => {
      const [, controllers = '', path = ''] = /^\d+:([^:]*):(.*)$/.exec(line) ?? [];
      const isWanted = wanted === undefined || controllers === '' || controllers.split(',').includes(wanted);
      const name = controllers.replace(/^name=/, '');
      return isWanted && path !== '/' ? [`/sys/fs/cgroup/${name}${path}`.replace('//', '/')] : [];
    })
    .filter((folder) => existsSync(folder));
}
