import { execFile } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import type { Engine, EngineSandbox } from '../../src/engines/engine.ts';
import { toContainerId } from '../../src/engines/engine.ts';
import { LABEL } from '../../src/sandboxes/spec/engine-spec.ts';
import { createTestEngine, IS_INCUS } from './engine-under-test.ts';

const run = promisify(execFile);

/** A container by the engine's id. */
interface Container {
  readonly id: string;
}

const PROJECT = 'clara-sandbox';

/** Does something with the engine that the tests run on, past the server. */
export async function withEngine<T>(work: (engine: Engine) => Promise<T>): Promise<T> {
  const engine = createTestEngine();
  try {
    return await work(engine);
  } finally {
    await engine.close();
  }
}

/** The containers of a data folder, in any state. */
export async function containersOf(dataDir: string): Promise<readonly EngineSandbox[]> {
  return await containersOfInstance(await readFile(join(dataDir, 'instance'), 'utf8'));
}

/** The same, by the identity of the folder. */
export async function containersOfInstance(instance: string): Promise<readonly EngineSandbox[]> {
  return await withEngine((engine) => engine.list({ [LABEL.instance]: instance }));
}

/** The container that clients know by these twelve digits. */
export async function containerBy(dataDir: string, containerId: string): Promise<EngineSandbox> {
  const found = (await containersOf(dataDir)).find(({ id }) => toContainerId(id) === containerId);
  if (!found) throw new Error(`The engine has no container ${containerId}.`);
  return found;
}

/** The container whose name has this word. */
export async function containerNamed(dataDir: string, word: string): Promise<EngineSandbox> {
  const [found, ...others] = (await containersOf(dataDir)).filter(({ name }) => name.includes(word));
  if (!found || others.length > 0) throw new Error(`The engine has ${others.length + (found ? 1 : 0)} of ${word}.`);
  return found;
}

/** Ends all that runs in a container at once, as somebody may behind the server's back. */
export async function endContainer({ id }: EngineSandbox): Promise<void> {
  await withEngine((engine) => engine.stop(id, 0));
}

/** What the engine calls the programs that it carries in a container. */
export async function programsOf({ id }: Container): Promise<readonly string[]> {
  if (!IS_INCUS) return (await inspect(id, '{{json .ExecIDs}}')) ?? [];
  const { running = [] } = await query(`/1.0/operations?recursion=1&project=${PROJECT}`);
  return running
    .filter(({ description, resources }: Operation) => {
      const paths = Object.values(resources ?? {}).flat();
      return description === 'Executing command' && paths.some((path) => path.split('?')[0]?.endsWith(`/${id}`));
    })
    .map((operation: Operation) => operation.id);
}

/** How often a container was held back to its share of the CPU. */
export async function timesHeldBack({ id }: Container): Promise<number> {
  if (!IS_INCUS) {
    const stats = await new Docker().getContainer(id).stats({ stream: false, 'one-shot': true });
    return stats.cpu_stats.throttling_data.throttled_periods;
  }
  const groups = ['cpu/', ''].map((folder) => `/sys/fs/cgroup/${folder}lxc.payload.${PROJECT}_${id}/cpu.stat`);
  const text = await readFile(groups[0] ?? '', 'utf8').catch(() => readFile(groups[1] ?? '', 'utf8'));
  return Number(/^nr_throttled (\d+)$/m.exec(text)?.[1]);
}

interface Operation {
  readonly id: string;
  readonly description: string;
  readonly resources: Readonly<Record<string, readonly string[]>> | null;
}

/** What holds a container, as the engine has it. */
export interface ContainerLimits {
  readonly memoryBytes: number;
  readonly cpus: number;
  /** True where it can have no more than its memory by way of the machine's swap. */
  readonly hasNoSwap: boolean;
}

/** The limits of a container. */
export async function limitsOf({ id }: Container): Promise<ContainerLimits> {
  if (IS_INCUS) {
    const { config } = await query(`/1.0/instances/${id}?project=${PROJECT}`);
    const [used = 0, of = 1] = (config['limits.cpu.allowance'] ?? '').split('/').map(Number.parseFloat);
    const memoryBytes = Number.parseInt(config['limits.memory'], 10);
    return { memoryBytes, cpus: used / of, hasNoSwap: config['limits.memory.swap'] === 'false' };
  }
  const { Memory, MemorySwap, NanoCpus } = await inspect(id, '{{json .HostConfig}}');
  return { memoryBytes: Memory, cpus: NanoCpus / 1e9, hasNoSwap: MemorySwap === Memory };
}

/** Whether the project's own list of system calls holds a container, instead of the engine's; throws where it may gain privileges. */
export async function hasOwnFilter({ id }: Container): Promise<boolean> {
  if (IS_INCUS) {
    const { config } = await query(`/1.0/instances/${id}?project=${PROJECT}`);
    if (!config['raw.lxc'].includes('lxc.no_new_privs = 1')) throw new Error('It may gain privileges.');
    return config['raw.seccomp'] !== undefined;
  }
  const options: readonly string[] = (await inspect(id, '{{json .HostConfig.SecurityOpt}}')) ?? [];
  if (!options.includes('no-new-privileges')) throw new Error('It may gain privileges.');
  return options.some((option) => option.startsWith('seccomp={'));
}

// biome-ignore lint/suspicious/noExplicitAny: the engine's own JSON, of which each caller knows its part
async function inspect(id: string, format: string): Promise<any> {
  return JSON.parse((await run('docker', ['inspect', '--format', format, id])).stdout);
}

// biome-ignore lint/suspicious/noExplicitAny: the same
async function query(path: string): Promise<any> {
  const { stdout } = await run('incus', ['query', path], { maxBuffer: 2 ** 26 });
  return stdout.trim() === '' ? {} : JSON.parse(stdout);
}
