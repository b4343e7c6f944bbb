import { EventEmitter, once } from 'node:events';
import { existsSync } from 'node:fs';
import { SandboxError } from '../../src/base/errors.ts';
import type { EngineId, EngineSandbox, EngineSpec, EngineStats } from '../../src/engines/engine.ts';
import { pathOfMount } from '../../src/engines/engine-volumes.ts';
import type { FakeAgent } from './fake-agent.ts';
import type { FakeExec } from './fake-exec.ts';
import type { FakeVolumes } from './fake-volumes.ts';

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

/** The sandboxes of a fake engine by their ids, and what calls demand of them. */
export class FakeSandboxes extends Map<string, FakeSandbox> {
  readonly #news = new EventEmitter();

  find(idOrName: string): FakeSandbox | undefined {
    return this.get(idOrName) ?? [...this.values()].find(({ name }) => name === idOrName);
  }

  nameOf(idOrName: string): string {
    return this.find(idOrName)?.name ?? idOrName;
  }

  demand(idOrName: string): FakeSandbox {
    const sandbox = this.find(idOrName);
    if (!sandbox) throw new SandboxError('not_found', `There is no sandbox ${idOrName.slice(0, 12)}.`);
    return sandbox;
  }

  demandFree(name: string): void {
    if (this.find(name)) throw new SandboxError('conflict', `The name ${name} is taken.`);
  }

  eachExec(action: (exec: FakeExec) => void): void {
    for (const { execs } of this.values()) for (const exec of execs) action(exec);
  }

  /** Lets memory run out in a sandbox, which goes on. */
  noteOutOfMemory(idOrName: string): void {
    this.demand(idOrName).outOfMemoryAtMs = performance.now();
    this.#news.emit('out of memory');
  }

  /** Whether memory ran out in it after a moment, or does while somebody waits. */
  async ranOutOfMemory(id: EngineId, afterMs: number, waitMs: number): Promise<boolean> {
    const isKnown = () => (this.find(id)?.outOfMemoryAtMs ?? Number.NEGATIVE_INFINITY) > afterMs;
    if (!isKnown() && waitMs > 0) {
      await once(this.#news, 'out of memory', { signal: AbortSignal.timeout(waitMs) }).catch(() => undefined);
    }
    return isKnown();
  }
}

/** Throws `conflict` for one that does not run. */
export function demandStarted({ state }: FakeSandbox): void {
  if (state === 'running' || state === 'paused') return;
  throw new SandboxError('conflict', `The sandbox is ${state}, so it does not run.`);
}

/** What is to be bound must be there, at each start too. */
export function demandSources({ mounts }: EngineSpec, volumes: FakeVolumes | null): void {
  for (const { source } of mounts) {
    if (volumes && typeof source !== 'string' && volumes.all.has(source.volume)) continue;
    const path = pathOfMount(source);
    if (!existsSync(path)) throw new SandboxError('invalid', `The engine found nothing to bind at ${path}.`);
  }
}

/** A sandbox as engines tell it. */
export function toEngineSandbox({ id, name, state, spec, wasKilled = false }: FakeSandbox): EngineSandbox {
  const folders = spec.mounts.filter(({ source }) => typeof source === 'string');
  const bound = Object.fromEntries(folders.map(({ source, target }) => [target, pathOfMount(source)]));
  return { id, name, state, labels: spec.labels, image: spec.image, wasKilled, bound };
}
