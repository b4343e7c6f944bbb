import { randomBytes } from 'node:crypto';
import { SandboxError } from '../../src/base/errors.ts';
import { DOCKER_TRAITS } from '../../src/engines/docker/traits.ts';
import type {
  Engine,
  EngineExec,
  EngineId,
  EngineInfo,
  EngineLimits,
  EngineSandbox,
  EngineSpec,
  EngineStats,
  EngineTraits,
} from '../../src/engines/engine.ts';
import type { EngineFile, ImageReading } from '../../src/engines/image-reading.ts';
import { FakeAgent } from './fake-agent.ts';
import { FakeBuilder } from './fake-builder.ts';
import { type FakeExec, isAgent, runAgent, runLocally } from './fake-exec.ts';
import { FakeFolders } from './fake-folders.ts';
import { FakeHost } from './fake-host.ts';
import { FakeImages } from './fake-images.ts';
import { demandSources, demandStarted, type FakeSandbox, FakeSandboxes, toEngineSandbox } from './fake-sandboxes.ts';
import type { FakeVolumes } from './fake-volumes.ts';
import { type Gate, Gates } from './gates.ts';
import type { LocalSandboxes } from './local-sandboxes.ts';

const FAKE_INFO: EngineInfo = {
  ...{ version: 'fake', cpus: 4, memoryBytes: 8 * 1024 ** 3, runtimes: ['runc'], hasGpus: false },
  seccomp: ['strict', 'engine'],
  mapsUsers: false,
  unlimited: [],
  limitsSockets: true,
};

/**
 * An engine in memory that keeps the interface's promises; programs are local processes, and agents real ones in local sandboxes, or
 * where there are none a FakeAgent each, which tests make fail.
 */
export class FakeEngine implements Engine {
  /** Each call in order, as `verb` or `verb name`. */
  readonly calls: string[] = [];
  readonly sandboxes = new FakeSandboxes();
  readonly images = new FakeImages();
  /** Called for each agent that is made, so that a test can script it before the server meets it. */
  onAgent: (agent: FakeAgent, spec: EngineSpec) => void = () => undefined;
  /** The limits that it does not hold. */
  unlimited: readonly string[] = [];
  hasGpus = false;
  machines: Engine['machines'] = async () => [];
  loadImage: Engine['loadImage'] = async () => undefined;
  readonly traits: EngineTraits = DOCKER_TRAITS;
  readonly builder = new FakeBuilder();
  /** What keeps the files of its sandboxes; null where it binds folders of this machine. */
  volumes: FakeVolumes | null = null;
  readonly host = new FakeHost(() => this.#enter('host'));
  readonly #local: LocalSandboxes | null;
  readonly #gates = new Gates();
  readonly #folders = new FakeFolders();
  #isDown = false;
  #isClosed = false;

  constructor(local: LocalSandboxes | null = null) {
    this.#local = local;
  }

  /** While true every call throws `unavailable`; setting it breaks all open streams. */
  get down(): boolean {
    return this.#isDown;
  }

  set down(isDown: boolean) {
    this.#isDown = isDown;
    if (isDown) this.sandboxes.eachExec((exec) => exec.stream.destroy(silent()));
  }

  /** Makes the next call of that verb wait at a gate until the test releases it. */
  hold(verb: keyof Engine): Gate {
    return this.#gates.hold(verb);
  }

  /** Ends a sandbox as a crash would: by itself, without a call. */
  kill(idOrName: string): void {
    const sandbox = this.sandboxes.find(idOrName);
    if (sandbox) this.#end(sandbox);
  }

  /** Lets memory run out in a sandbox, which ends with its kernel. */
  runOutOfMemory(idOrName: string): void {
    this.sandboxes.noteOutOfMemory(idOrName);
    this.kill(idOrName);
  }

  /** The sandbox of that id or name, for a test to look at. */
  get(idOrName: string): FakeSandbox {
    return this.sandboxes.demand(idOrName);
  }

  async info(): Promise<EngineInfo> {
    await this.#enter('info');
    return { ...FAKE_INFO, hasGpus: this.hasGpus, unlimited: this.unlimited };
  }

  async readImage(reading: ImageReading): Promise<ReadonlyMap<string, EngineFile>> {
    await this.#enter('readImage');
    return this.images.read(reading);
  }

  async imageId(name: string): Promise<string | null> {
    await this.#enter('imageId', name);
    return this.images.idOf(name);
  }

  async create(spec: EngineSpec): Promise<EngineId> {
    await this.#enter('create', spec.name);
    this.images.demand(spec.image);
    demandSources(spec, this.volumes);
    this.sandboxes.demandFree(spec.name);
    const id = randomBytes(32).toString('hex') as EngineId;
    const agent = new FakeAgent(this.#folders.filesOf(spec, id, this.volumes));
    const stats = { memoryBytes: 10_000_000, cacheBytes: 2_000_000, cpuNanos: 1_000_000, processes: 3 };
    const sandbox = { id, spec, agent, name: spec.name, state: 'created', stats } as const;
    this.sandboxes.set(id, { ...sandbox, execs: new Set(), outOfMemoryAtMs: Number.NEGATIVE_INFINITY });
    this.onAgent(agent, spec);
    return id;
  }

  async start(id: EngineId): Promise<void> {
    const sandbox = await this.#enterSandbox('start', id);
    if (sandbox.state === 'paused') throw new SandboxError('conflict', 'The sandbox is paused: resume it.');
    if (sandbox.state !== 'running') demandSources(sandbox.spec, this.volumes);
    sandbox.state = this.images.withoutSleep.has(sandbox.spec.image) ? 'stopped' : 'running';
  }

  async stop(id: EngineId, _graceSeconds: number): Promise<void> {
    const sandbox = await this.#enterSandbox('stop', id);
    if (sandbox.state !== 'created') this.#end(sandbox);
  }

  async pause(id: EngineId): Promise<void> {
    const sandbox = await this.#enterSandbox('pause', id);
    demandStarted(sandbox);
    sandbox.state = 'paused';
    await Promise.all([...sandbox.execs].map((exec) => exec.freeze()));
  }

  async resume(id: EngineId): Promise<void> {
    const sandbox = await this.#enterSandbox('resume', id);
    demandStarted(sandbox);
    sandbox.state = 'running';
    await Promise.all([...sandbox.execs].map((exec) => exec.thaw()));
  }

  async update(id: EngineId, { memoryBytes, cpus }: EngineLimits): Promise<void> {
    const sandbox = await this.#enterSandbox('update', id);
    sandbox.spec = { ...sandbox.spec, memoryBytes, cpus };
  }

  async remove(id: EngineId): Promise<void> {
    await this.#enter('remove', this.sandboxes.nameOf(id));
    const sandbox = this.sandboxes.get(id);
    if (sandbox) this.#end(sandbox);
    this.sandboxes.delete(id);
  }

  async rename(id: EngineId, name: string): Promise<void> {
    const sandbox = await this.#enterSandbox('rename', id);
    this.sandboxes.demandFree(name);
    sandbox.name = name;
  }

  async inspect(idOrName: string): Promise<EngineSandbox | null> {
    await this.#enter('inspect', this.sandboxes.nameOf(idOrName));
    const sandbox = this.sandboxes.find(idOrName);
    return sandbox ? toEngineSandbox(sandbox) : null;
  }

  async list(labels: Readonly<Record<string, string>>): Promise<readonly EngineSandbox[]> {
    await this.#enter('list');
    const wanted = Object.entries(labels);
    return [...this.sandboxes.values()]
      .filter(({ spec }) => wanted.every(([name, value]) => spec.labels[name] === value))
      .map(toEngineSandbox);
  }

  async stats(id: EngineId): Promise<EngineStats> {
    const sandbox = await this.#enterSandbox('stats', id);
    demandStarted(sandbox);
    return sandbox.stats;
  }

  async ranOutOfMemory(id: EngineId, sinceMs: number, waitMs = 0): Promise<boolean> {
    await this.#enter('ranOutOfMemory', this.sandboxes.nameOf(id));
    return await this.sandboxes.ranOutOfMemory(id, sinceMs, waitMs);
  }

  async exec(id: EngineId, argv: readonly string[]): Promise<EngineExec> {
    const sandbox = await this.#enterSandbox('exec', id);
    if (sandbox.state !== 'running') throw new SandboxError('conflict', `The sandbox is ${sandbox.state}.`);
    const other = this.images.inPlaceOf(argv, sandbox.spec.image);
    const runsAgent = other === null && isAgent(argv);
    const exec = runsAgent ? await this.#runAgent(sandbox, argv) : runLocally(other ?? argv, sandbox.spec.env);
    sandbox.execs.add(exec);
    exec.stream.once('close', () => sandbox.execs.delete(exec));
    return exec;
  }

  async countExecs(id: EngineId, argv: readonly string[]): Promise<number> {
    const { execs } = await this.#enterSandbox('countExecs', id);
    return [...execs].filter((exec) => argv.every((part, index) => exec.argv[index] === part)).length;
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    this.#gates.releaseAll();
    this.sandboxes.eachExec((exec) => exec.stream.destroy());
  }

  /** Opens a closed fake again, as the next server finds the engine. */
  revive(): void {
    this.#isClosed = false;
  }

  async #enter(verb: keyof Engine, name?: string): Promise<void> {
    this.calls.push(name === undefined ? verb : `${verb} ${name}`);
    await this.#gates.pass(verb);
    if (this.#isDown || this.#isClosed) throw silent();
  }

  async #enterSandbox(verb: keyof Engine, id: EngineId): Promise<FakeSandbox> {
    await this.#enter(verb, this.sandboxes.nameOf(id));
    return this.sandboxes.demand(id);
  }

  async #runAgent({ id, spec, agent }: FakeSandbox, argv: readonly string[]): Promise<FakeExec> {
    return this.#local === null ? runAgent(agent, argv) : await this.#local.open(id, spec, argv);
  }

  #end(sandbox: FakeSandbox): void {
    sandbox.state = 'stopped';
    for (const exec of sandbox.execs) exec.kill();
    void this.#local?.end(sandbox.id);
  }
}

function silent(): SandboxError {
  return new SandboxError('unavailable', 'The fake engine does not answer.');
}
