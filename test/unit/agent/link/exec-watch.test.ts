import { PassThrough } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { ExecWatch } from '../../../../src/agent/link/exec-watch.ts';
import { createDeferred } from '../../../../src/async/deferred.ts';
import type { EngineExec, EngineId } from '../../../../src/engines/engine.ts';
import { specFor } from '../../../contract/spec-for.ts';
import { FakeEngine } from '../../../fakes/fake-engine.ts';

const ROUND_MS = 2_000;

/** A program whose end, and what is known of it, are in the test's hands. */
class Program implements EngineExec {
  readonly stream = new PassThrough();
  readonly #closed = createDeferred<void>();
  readonly closed = this.#closed.promise;
  code: number | null = null;
  isLoud = false;
  isAbandoned = false;
  isEngineSilent = false;

  close(): void {
    this.#closed.resolve();
  }

  abandon(): void {
    this.isAbandoned = true;
  }

  isHeldBack(): boolean {
    return this.isLoud;
  }

  stderr(): string {
    return '';
  }

  onStderr(): void {}

  async exitCode(): Promise<number | null> {
    if (this.isEngineSilent) throw new Error('The engine does not answer.');
    return this.code;
  }
}

let engine: FakeEngine;
let id: EngineId;
let done: string[];
let program: Program;

const watch = () =>
  new ExecWatch({
    engine,
    engineId: id,
    argv: ['sleep'],
    replace: async () => void done.push('replace'),
    stop: async () => void done.push('stop'),
  });
const rounds = async (count: number) => await vi.advanceTimersByTimeAsync(count * ROUND_MS);

beforeEach(async () => {
  vi.useFakeTimers();
  engine = new FakeEngine();
  id = await engine.create(specFor('image', {}));
  await engine.start(id);
  done = [];
  program = new Program();
});
afterEach(() => vi.useRealTimers());

describe('a program whose connection is over', () => {
  it('is let go of when it has ended, and nothing is asked of the engine', async () => {
    const following = watch().follow(program, Promise.resolve());
    program.close();
    await following;
    expect(program.isAbandoned).toBe(true);
    expect(done).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('is let go of when the engine says that it has ended, and forgot to close its stream', async () => {
    const following = watch().follow(program, Promise.resolve());
    program.code = 0;
    await rounds(1);
    await following;
    expect(program.isAbandoned).toBe(true);
    expect(done).toEqual([]);
  });

  it('and which writes on, is ended with the agent that keeps it, or at last with its sandbox', async () => {
    program.isLoud = true;
    void watch().follow(program, Promise.resolve());
    await rounds(1);
    expect(done).toEqual(['replace']);
    await rounds(1);
    expect(done).toEqual(['replace', 'stop']);
    await rounds(1);
    expect(done).toEqual(['replace', 'stop', 'stop']);
    expect(program.isAbandoned).toBe(false);
    program.close();
    await rounds(1);
    expect(program.isAbandoned).toBe(true);
    expect(done).toHaveLength(3);
  });

  it('and which is quiet, as one of a slow engine is, has half a minute', async () => {
    void watch().follow(program, Promise.resolve());
    await rounds(7);
    expect(done).toEqual([]);
    await rounds(8);
    expect(done).toEqual(['replace']);
    await rounds(1);
    expect(done).toEqual(['replace', 'stop']);
  });

  it('is not held against a sandbox while the engine does not answer', async () => {
    program.isLoud = true;
    program.isEngineSilent = true;
    void watch().follow(program, Promise.resolve());
    await rounds(50);
    expect(done).toEqual([]);
  });

  it('is left alone while its connection is there, and when the watch is over', async () => {
    const over = createDeferred<void>();
    const watching = watch();
    const following = watching.follow(program, over.promise);
    await rounds(50);
    watching.close();
    over.resolve();
    await following;
    expect(program.isAbandoned).toBe(true);
    expect(done).toEqual([]);
  });
});

describe('what an earlier server has left', () => {
  it('is nothing as a rule, which one question tells', async () => {
    const following = watch().followOrphans();
    await rounds(1);
    await following;
    expect(engine.calls.filter((call) => call.startsWith('countExecs'))).toHaveLength(1);
    expect(done).toEqual([]);
  });

  it('is ended where it is more than what connections of now need', async () => {
    const watching = watch();
    void watching.follow(program, new Promise(() => undefined));
    await engine.exec(id, ['sleep', '1000']);
    const orphan = await engine.exec(id, ['sleep', '1000']);
    const following = watching.followOrphans();
    await rounds(8);
    expect(done).toEqual(['replace', 'stop']);
    orphan.stream.destroy();
    await vi.waitFor(() => expect(engine.get(id).execs.size).toBe(1));
    await rounds(1);
    await following;
    await engine.remove(id);
  });
});
