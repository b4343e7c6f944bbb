import { randomBytes } from 'node:crypto';
import { EventEmitter, once } from 'node:events';
import { existsSync, statSync } from 'node:fs';
import { DOCKER_TRAITS } from '../../src/engines/docker/traits.ts';
import type {
  Engine,
  EngineExec,
  EngineFile,
  EngineId,
  EngineInfo,
  EngineLimits,
  EngineSandbox,
  EngineSpec,
  EngineStats,
  EngineTraits,
  EngineUser,
  ImageReading,
} from '../../src/engines/engine.ts';
import { pathOfMount } from '../../src/engines/engine-volumes.ts';
import { SandboxError } from '../../src/errors.ts';
import { FakeAgent } from './fake-agent.ts';
import { FakeBuilder } from './fake-builder.ts';
import { type FakeExec, runAgent, runLocally } from './fake-exec.ts';
import { FakeFiles } from './fake-files.ts';
import { type Gate, Gates } from './gates.ts';
import type { LocalSandboxes } from './local-sandboxes.ts';

/** A sandbox of the fake engine; tests may change what it measures and script its agent. */
export interface FakeSandbox {
  readonly id: EngineId;
  spec: EngineSpec;
  readonly agent: FakeAgent;
  name: string;
  state: EngineSandbox['state'];
  /** True where something outside has ended it. */
  wasKilled?: boolean;
  stats: EngineStats;
  readonly execs: Set<FakeExec>;
  /** When memory last ran out in it, on the clock of `performance.now()`; -Infinity where it never did. */
  outOfMemoryAtMs: number;
}

/**
 * An engine in memory that keeps the interface's promises; programs are local processes, and agents real ones in local sandboxes, or
 * where there are none a FakeAgent each, which tests make fail.
 */
export class FakeEngine implements Engine {
  /** Each call in order, as `verb` or `verb name`. */
  readonly #news = new EventEmitter();
  readonly calls: string[] = [];
  readonly sandboxes = new Map<string, FakeSandbox>();
  readonly absentImages = new Set(['absent:latest']);
  /** How often the images of these names were built anew. */
  readonly builds = new Map<string, number>();
  readonly imagesWithoutPython = new Set(['without-python:latest']);
  readonly imagesThatFlood = new Set(['floods:latest']);
  readonly imagesWithoutSleep = new Set(['without-sleep:latest']);
  /** What every image has. */
  readonly imageFiles: Record<string, string> = { '/etc/passwd': 'root:x:0:0:root:/root:/bin/bash\n' };
  /** Called for each agent that is made, so that a test can script it before the server meets it. */
  onAgent: (agent: FakeAgent, spec: EngineSpec) => void = () => undefined;
  /** The limits that it does not hold. */
  unlimited: readonly string[] = [];
  hasGpus = false;
  readonly traits: EngineTraits = DOCKER_TRAITS;
  readonly builder = new FakeBuilder();
  readonly volumes = null;
  readonly host = {
    /** Whoever runs the tests, who can give folders to nobody else. */
    userOf: async (_user: EngineUser): Promise<EngineUser> => {
      await this.#enter('host');
      return { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };
    },
    closeToBridges: async (): Promise<string | null> => {
      await this.#enter('host');
      return null;
    },
  };
  readonly #local: LocalSandboxes | null;
  readonly #gates = new Gates();
  readonly #files = new Map<string, FakeFiles>();
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
    if (isDown) this.#eachExec((exec) => exec.stream.destroy(silent()));
  }

  /** Makes the next call of that verb wait at a gate until the test releases it. */
  hold(verb: keyof Engine): Gate {
    return this.#gates.hold(verb);
  }

  /** Ends a sandbox as a crash would: by itself, without a call. */
  kill(idOrName: string): void {
    const sandbox = this.#find(idOrName);
    if (sandbox) this.#end(sandbox);
  }

  /** Lets memory run out in a sandbox, which goes on. */
  noteOutOfMemory(idOrName: string): void {
    this.#demand(idOrName).outOfMemoryAtMs = performance.now();
    this.#news.emit('out of memory');
  }

  /** Lets memory run out in a sandbox, which ends with its kernel. */
  runOutOfMemory(idOrName: string): void {
    this.noteOutOfMemory(idOrName);
    this.kill(idOrName);
  }

  /** The sandbox of that id or name, for a test to look at. */
  get(idOrName: string): FakeSandbox {
    return this.#demand(idOrName);
  }

  async info(): Promise<EngineInfo> {
    await this.#enter('info');
    const { unlimited } = this;
    const seccomp = ['strict', 'engine'] as const;
    return {
      version: 'fake',
      cpus: 4,
      memoryBytes: 8 * 1024 ** 3,
      runtimes: ['runc'],
      hasGpus: this.hasGpus,
      seccomp,
      mapsUsers: false,
      unlimited,
      limitsSockets: true,
    };
  }

  async readImage({ image, paths }: ImageReading): Promise<ReadonlyMap<string, EngineFile>> {
    await this.#enter('readImage');
    this.#demandImage(image);
    const files = paths.flatMap((path) => {
      const text = this.imageFiles[path];
      return text === undefined ? [] : [[path, { sizeBytes: text.length, content: Buffer.from(text) }] as const];
    });
    return new Map(files);
  }

  /** Builds an image anew under its name; what was made of it stays as it is. */
  rebuild(image: string): void {
    this.builds.set(image, (this.builds.get(image) ?? 0) + 1);
  }

  async imageId(name: string): Promise<string | null> {
    await this.#enter('imageId', name);
    const isPossible = name.length < 256 && /^[\w./:@-]+$/.test(name) && !name.includes('..');
    return !isPossible || this.absentImages.has(name) ? null : `sha256:${name}/${this.builds.get(name) ?? 0}`;
  }

  async create(spec: EngineSpec): Promise<EngineId> {
    await this.#enter('create', spec.name);
    this.#demandImage(spec.image);
    demandSources(spec);
    this.#demandFree(spec.name);
    const id = randomBytes(32).toString('hex') as EngineId;
    const agent = new FakeAgent(this.#filesOf(spec, id));
    const stats = { memoryBytes: 10_000_000, cpuNanos: 1_000_000, processes: 3 };
    const sandbox = { id, spec, agent, name: spec.name, state: 'created', stats } as const;
    this.sandboxes.set(id, { ...sandbox, execs: new Set(), outOfMemoryAtMs: Number.NEGATIVE_INFINITY });
    this.onAgent(agent, spec);
    return id;
  }

  async start(id: EngineId): Promise<void> {
    const sandbox = await this.#enterSandbox('start', id);
    if (sandbox.state === 'paused') throw new SandboxError('conflict', 'The sandbox is paused: resume it.');
    if (sandbox.state !== 'running') demandSources(sandbox.spec);
    sandbox.state = this.imagesWithoutSleep.has(sandbox.spec.image) ? 'stopped' : 'running';
  }

  async stop(id: EngineId, _graceSeconds: number): Promise<void> {
    const sandbox = await this.#enterSandbox('stop', id);
    if (sandbox.state !== 'created') this.#end(sandbox);
  }

  async pause(id: EngineId): Promise<void> {
    const sandbox = await this.#enterSandbox('pause', id);
    this.#demandStarted(sandbox);
    sandbox.state = 'paused';
    await Promise.all([...sandbox.execs].map((exec) => exec.freeze()));
  }

  async resume(id: EngineId): Promise<void> {
    const sandbox = await this.#enterSandbox('resume', id);
    this.#demandStarted(sandbox);
    sandbox.state = 'running';
    await Promise.all([...sandbox.execs].map((exec) => exec.thaw()));
  }

  async update(id: EngineId, { memoryBytes, cpus }: EngineLimits): Promise<void> {
    const sandbox = await this.#enterSandbox('update', id);
    this.#demandStarted(sandbox);
    sandbox.spec = { ...sandbox.spec, memoryBytes, cpus };
  }

  async remove(id: EngineId): Promise<void> {
    await this.#enter('remove', this.#nameOf(id));
    const sandbox = this.sandboxes.get(id);
    if (sandbox) this.#end(sandbox);
    this.sandboxes.delete(id);
  }

  async rename(id: EngineId, name: string): Promise<void> {
    const sandbox = await this.#enterSandbox('rename', id);
    this.#demandFree(name);
    sandbox.name = name;
  }

  async inspect(idOrName: string): Promise<EngineSandbox | null> {
    await this.#enter('inspect', this.#nameOf(idOrName));
    const sandbox = this.#find(idOrName);
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
    this.#demandStarted(sandbox);
    return sandbox.stats;
  }

  async ranOutOfMemory(id: EngineId, withinMs: number, patienceMs = 0): Promise<boolean> {
    const nowMs = performance.now();
    await this.#enter('ranOutOfMemory', this.#nameOf(id));
    const isKnown = () => nowMs - (this.#find(id)?.outOfMemoryAtMs ?? Number.NEGATIVE_INFINITY) < withinMs;
    if (!isKnown() && patienceMs > 0) {
      await once(this.#news, 'out of memory', { signal: AbortSignal.timeout(patienceMs) }).catch(() => undefined);
    }
    return isKnown();
  }

  async exec(id: EngineId, argv: readonly string[]): Promise<EngineExec> {
    const sandbox = await this.#enterSandbox('exec', id);
    if (sandbox.state !== 'running') throw new SandboxError('conflict', `The sandbox is ${sandbox.state}.`);
    const isAbsent = argv[0] === 'python3' && this.imagesWithoutPython.has(sandbox.spec.image);
    const isFlood = argv[0] === 'python3' && this.imagesThatFlood.has(sandbox.spec.image);
    const command = isAbsent ? ['/nothing/here'] : isFlood ? ['yes'] : argv;
    const runsAgent = isAgent(argv) && !isAbsent && !isFlood;
    const exec = runsAgent ? await this.#runAgent(sandbox, argv) : runLocally(command, sandbox.spec.env);
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
    this.#eachExec((exec) => exec.stream.destroy());
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
    await this.#enter(verb, this.#nameOf(id));
    return this.#demand(id);
  }

  async #runAgent({ id, spec, agent }: FakeSandbox, argv: readonly string[]): Promise<FakeExec> {
    return this.#local === null ? runAgent(agent, argv) : await this.#local.open(id, spec, argv);
  }

  #end(sandbox: FakeSandbox): void {
    sandbox.state = 'stopped';
    for (const exec of sandbox.execs) exec.kill();
    void this.#local?.end(sandbox.id);
  }

  #eachExec(action: (exec: FakeExec) => void): void {
    for (const { execs } of this.sandboxes.values()) for (const exec of execs) action(exec);
  }

  #find(idOrName: string): FakeSandbox | undefined {
    return this.sandboxes.get(idOrName) ?? [...this.sandboxes.values()].find(({ name }) => name === idOrName);
  }

  #nameOf(idOrName: string): string {
    return this.#find(idOrName)?.name ?? idOrName;
  }

  #demand(idOrName: string): FakeSandbox {
    const sandbox = this.#find(idOrName);
    if (!sandbox) throw new SandboxError('not_found', `There is no sandbox ${idOrName.slice(0, 12)}.`);
    return sandbox;
  }

  #demandImage(image: string): void {
    if (!this.absentImages.has(image)) return;
    throw new SandboxError('invalid', `Image ${image} is not on this machine: build or pull it first.`);
  }

  #demandFree(name: string): void {
    if (this.#find(name)) throw new SandboxError('conflict', `The name ${name} is taken.`);
  }

  #demandStarted({ state }: FakeSandbox): void {
    if (state === 'running' || state === 'paused') return;
    throw new SandboxError('conflict', `The sandbox is ${state}, so it does not run.`);
  }

  /** Files live in the first mount, as a folder would: found again by the next sandbox, even where the folder was renamed. */
  #filesOf(spec: EngineSpec, id: string): FakeFiles {
    const first = spec.mounts[0]?.source;
    const source = first === undefined ? undefined : pathOfMount(first);
    const folder = source === undefined ? undefined : statSync(source, { throwIfNoEntry: false });
    const key = folder ? `inode ${folder.ino}` : (source ?? id);
    const files = this.#files.get(key) ?? new FakeFiles();
    this.#files.set(key, files);
    return files;
  }
}

/** What is to be bound must be there, at each start too. */
function demandSources({ mounts }: EngineSpec): void {
  const missing = mounts.find(({ source }) => !existsSync(pathOfMount(source)));
  if (missing) throw new SandboxError('invalid', `The engine found nothing to bind at ${pathOfMount(missing.source)}.`);
}

/** Other Python than the agent is run as it is. */
function isAgent([program, ...options]: readonly string[]): boolean {
  return program === 'python3' && !(options[0] === '-I' && options[1] === '-c');
}

function toEngineSandbox({ id, name, state, spec, wasKilled = false }: FakeSandbox): EngineSandbox {
  return { id, name, state, labels: spec.labels, image: spec.image, wasKilled };
}

function silent(): SandboxError {
  return new SandboxError('unavailable', 'The fake engine does not answer.');
}
