import { randomBytes, randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { Engine, EngineId, EngineSpec } from '../../src/engines/engine.ts';
import { RUNTIME } from '../support/runtime.ts';
import { until } from '../support/until.ts';

const MIB = 1024 * 1024;
const ABSENT = '0'.repeat(64) as EngineId;

export interface EngineUnderTest {
  readonly engine: Engine;
  /** An image that is there, with sh and cat. */
  readonly image: string;
  readonly absentImage: string;
  /** Has a sandbox that runs take more memory than it may. */
  exhaustMemory(id: EngineId): Promise<void>;
}

/** A modest spec with a name of its own. */
export function specFor(
  image: string,
  labels: Readonly<Record<string, string>>,
  changes: Partial<EngineSpec> = {},
): EngineSpec {
  return {
    name: `clara-test-${randomUUID()}`,
    labels,
    image,
    user: { uid: 1000, gid: 1000 },
    workdir: '/tmp',
    env: {},
    memoryBytes: 128 * MIB,
    cpus: 1,
    pidsLimit: 64,
    mounts: [],
    tmpfs: [{ path: '/tmp', sizeBytes: 16 * MIB, mode: 0o1777 }],
    network: { mode: 'none' },
    runtime: RUNTIME,
    seccomp: 'strict',
    ...changes,
  };
}

/** What every engine promises, as engine.ts has it. */
export function describeEngine(name: string, makeEngine: () => EngineUnderTest): void {
  describe(`${name} as an engine`, () => {
    const labels = { 'clara-test.run': randomUUID() };
    let engine: Engine;
    let image: string;
    let absentImage: string;
    let exhaustMemory: EngineUnderTest['exhaustMemory'];

    beforeAll(() => {
      ({ engine, image, absentImage, exhaustMemory } = makeEngine());
    });
    afterEach(async () => {
      for (const { id } of await engine.list(labels)) await engine.remove(id);
    });
    afterAll(() => engine.close());

    const create = (changes: Partial<EngineSpec> = {}) => engine.create(specFor(image, labels, changes));
    const started = async (changes: Partial<EngineSpec> = {}) => {
      const id = await create(changes);
      await engine.start(id);
      return id;
    };
    const stateOf = async (id: EngineId) => (await engine.inspect(id))?.state;

    it('describes itself', async () => {
      const info = await engine.info();
      expect(info.version).not.toBe('');
      expect(info.cpus).toBeGreaterThan(0);
      expect(info.memoryBytes).toBeGreaterThan(0);
      expect(info.seccomp).toContain('strict');
      expect(engine.traits.label).not.toBe('');
    });

    describe('life of a sandbox', () => {
      it('shows what was created under its id and its name', async () => {
        const spec = specFor(image, { ...labels, owner: 'ada' });
        const id = await engine.create(spec);
        const expected = { id, name: spec.name, state: 'created', labels: { ...labels, owner: 'ada' }, image };
        expect(await engine.inspect(id)).toMatchObject(expected);
        expect(await engine.inspect(spec.name)).toMatchObject(expected);
      });

      it('goes from created over running and paused to stopped and runs again', async () => {
        const id = await create();
        expect(await stateOf(id)).toBe('created');
        await engine.start(id);
        expect(await stateOf(id)).toBe('running');
        await engine.pause(id);
        expect(await stateOf(id)).toBe('paused');
        await engine.resume(id);
        expect(await stateOf(id)).toBe('running');
        await engine.stop(id, 1);
        expect(await stateOf(id)).toBe('stopped');
        await engine.start(id);
        expect(await stateOf(id)).toBe('running');
      });

      it('takes each step again where it is taken already', async () => {
        const id = await started();
        await engine.start(id);
        await engine.pause(id);
        await engine.pause(id);
        expect(await stateOf(id)).toBe('paused');
        await engine.resume(id);
        await engine.resume(id);
        expect(await stateOf(id)).toBe('running');
        await engine.stop(id, 1);
        await engine.stop(id, 1);
        await engine.remove(id);
        await engine.remove(id);
      });

      it('changes the limits of one that runs or is paused, which goes on, and of none that is not there', async () => {
        const id = await started();
        await engine.update(id, { memoryBytes: 256 * 2 ** 20, cpus: 0.5 });
        expect(await stateOf(id)).toBe('running');
        await engine.pause(id);
        await engine.update(id, { memoryBytes: 512 * 2 ** 20, cpus: 1 });
        expect(await stateOf(id)).toBe('paused');
        await engine.remove(id);
        await expect(engine.update(id, { memoryBytes: 2 ** 30, cpus: 1 })).rejects.toMatchObject({ kind: 'not_found' });
      });

      it('stops a sandbox that is paused', async () => {
        const id = await started();
        await engine.pause(id);
        await engine.stop(id, 1);
        expect(await stateOf(id)).toBe('stopped');
      });

      it('removes a sandbox in any state', async () => {
        const created = await create();
        const running = await started();
        const paused = await started();
        await engine.pause(paused);
        await Promise.all([created, running, paused].map((id) => engine.remove(id)));
        expect(await engine.list(labels)).toEqual([]);
      });

      it('removes a sandbox once where several ask at the same time', async () => {
        const id = await started();
        await Promise.all([engine.remove(id), engine.remove(id), engine.remove(id)]);
        expect(await engine.inspect(id)).toBeNull();
      });

      it('keeps its id under a new name, whatever its state', async () => {
        const id = await started();
        const name = `clara-test-${randomUUID()}`;
        await engine.rename(id, name);
        expect(await engine.inspect(name)).toMatchObject({ id, name, state: 'running' });
      });
    });

    describe('looking', () => {
      it('lists, in any state, those that carry all the labels', async () => {
        const group = { ...labels, group: randomUUID() };
        const idle = await engine.create(specFor(image, group));
        const busy = await engine.create(specFor(image, { ...group, kind: 'busy' }));
        await engine.start(busy);
        await create();
        const ids = async (wanted: Record<string, string>) => (await engine.list(wanted)).map(({ id }) => id).sort();
        expect(await ids(group)).toEqual([idle, busy].sort());
        expect(await ids({ ...group, kind: 'busy' })).toEqual([busy]);
        expect(await ids({ ...group, kind: 'other' })).toEqual([]);
        expect(await engine.list({ ...group, kind: 'busy' })).toMatchObject([{ state: 'running', labels: group }]);
      });

      it('knows nothing of a name that nobody has', async () => {
        const id = await create();
        for (const name of ['clara-test-nobody', ABSENT, '', '../version', 'a/b?c#d']) {
          expect(await engine.inspect(name)).toBeNull();
        }
        expect(await engine.inspect(id.slice(0, 12))).toBeNull();
      });

      it('tells what an image is, and of names that no image has that there is none', async () => {
        const id = await engine.imageId(image);
        expect(id).toMatch(/^sha256:/);
        expect(await engine.imageId(image)).toBe(id);
        for (const name of [
          absentImage,
          'a b',
          '../containers/x',
          'x/../../info',
          `${image}?all=1`,
          'x'.repeat(4000),
        ]) {
          expect(await engine.imageId(name)).toBeNull();
        }
      });

      it('measures a sandbox that runs or is paused', async () => {
        const id = await started();
        const stats = await engine.stats(id);
        expect(stats.memoryBytes).toBeGreaterThan(0);
        expect(stats.cpuNanos).toBeGreaterThan(0);
        await engine.pause(id);
        expect((await engine.stats(id)).memoryBytes).toBeGreaterThan(0);
      });
    });

    describe('memory', () => {
      it('is told to have run out where and when it did', async () => {
        const [greedy, modest] = [await started(), await started()];
        expect(await engine.ranOutOfMemory(greedy, 60_000)).toBe(false);
        await exhaustMemory(greedy);
        await expect.poll(() => engine.ranOutOfMemory(greedy, 60_000), { timeout: 20_000 }).toBe(true);
        expect(await engine.ranOutOfMemory(greedy, 0)).toBe(false);
        expect(await engine.ranOutOfMemory(modest, 60_000)).toBe(false);
      });

      it('is not told to have run out in a sandbox that nobody knows', async () => {
        expect(await engine.ranOutOfMemory(ABSENT, 60_000)).toBe(false);
      });
    });

    describe('programs', () => {
      const run = async (id: EngineId, ...argv: string[]) => {
        const exec = await engine.exec(id, argv);
        exec.stream.end();
        const stdout = await text(exec.stream);
        return { stdout, stderr: exec.stderr(), exitCode: await exec.exitCode() };
      };

      /** An engine may answer before the program runs; a `cat` that has answered does. */
      const greet = async (stream: Duplex) => {
        stream.write('hello');
        expect(String((await once(stream, 'data'))[0])).toBe('hello');
      };

      it('gives back 8 MiB byte for byte', async () => {
        const id = await started();
        const bytes = randomBytes(8 * MIB);
        const exec = await engine.exec(id, ['cat']);
        const echoed = buffer(exec.stream);
        for (let at = 0; at < bytes.length; at += 100_003) {
          if (!exec.stream.write(bytes.subarray(at, at + 100_003))) await once(exec.stream, 'drain');
        }
        exec.stream.end();
        expect(bytes.equals(await echoed)).toBe(true);
        expect(await exec.exitCode()).toBe(0);
      });

      it('waits for a reader that is slow, and loses nothing', async () => {
        const id = await started();
        const exec = await engine.exec(id, ['sh', '-c', 'head -c 4194304 /dev/zero; echo done']);
        await once(exec.stream, 'readable');
        await run(id, 'true');
        const all = await buffer(exec.stream);
        expect(all.length).toBe(4 * MIB + 5);
        expect(all.subarray(-5).toString()).toBe('done\n');
      });

      it('talks with a program turn by turn', async () => {
        const id = await started();
        const { stream, exitCode } = await engine.exec(id, ['cat']);
        for (const word of ['one', 'two', 'three']) {
          stream.write(word);
          expect(String((await once(stream, 'data'))[0])).toBe(word);
        }
        expect(await exitCode()).toBeNull();
        stream.destroy();
      });

      it('counts the programs that it has started and that run, by their first arguments', async () => {
        const id = await started();
        const programs = [
          await engine.exec(id, ['cat', '-']),
          await engine.exec(id, ['cat', '-', '-']),
          await engine.exec(id, ['sh', '-c', 'cat']),
        ];
        for (const { stream } of programs) await greet(stream);
        expect(await engine.countExecs(id, ['cat', '-'])).toBe(2);
        expect(await engine.countExecs(id, ['cat', '-', '-'])).toBe(1);
        const [first] = programs;
        first?.stream.destroy();
        await first?.closed;
        await until('one program is left', async () => (await engine.countExecs(id, ['cat', '-'])) <= 1);
        for (const { stream } of programs) stream.destroy();
        expect(await engine.countExecs(id, ['no-such-program'])).toBe(0);
      });

      it('goes on talking after a pause', async () => {
        const id = await started();
        const { stream } = await engine.exec(id, ['cat']);
        await greet(stream);
        await engine.pause(id);
        const answer = once(stream, 'data');
        stream.write('still there');
        await engine.resume(id);
        expect(String((await answer)[0])).toBe('still there');
        stream.destroy();
      });

      it('keeps stdout and stderr apart and tells the exit code', async () => {
        const id = await started();
        expect(await run(id, 'sh', '-c', 'echo out; echo err >&2; exit 7')).toEqual({
          stdout: 'out\n',
          stderr: 'err\n',
          exitCode: 7,
        });
      });

      it('says that there is more on stderr', async () => {
        const id = await started();
        const exec = await engine.exec(id, ['sh', '-c', 'read word; echo "$word" >&2; read word']);
        const heard = new Promise<void>((resolve) => exec.onStderr(resolve));
        exec.stream.write('first\n');
        await heard;
        expect(exec.stderr()).toBe('first\n');
        exec.stream.destroy();
      });

      it('keeps the last 4 KiB of stderr', async () => {
        const id = await started();
        const { stderr } = await run(id, 'sh', '-c', 'head -c 100000 /dev/zero | tr "\\0" x >&2; echo end >&2');
        expect(stderr).toBe(`${'x'.repeat(4092)}end\n`);
      });

      it('passes arguments as they are and the environment of the spec', async () => {
        const id = await started({ env: { GREETING: 'h=i "x"' } });
        expect((await run(id, 'sh', '-c', 'printf "%s|" "$@"', 'sh', '$HOME', 'a b', '')).stdout).toBe('$HOME|a b||');
        expect((await run(id, 'sh', '-c', 'printf %s "$GREETING"')).stdout).toBe('h=i "x"');
      });

      it('shows a program that is not there in the exit code', async () => {
        const id = await started();
        expect([126, 127]).toContain((await run(id, 'no-such-program')).exitCode);
      });

      it('ends the streams of its programs when a sandbox stops', async () => {
        const id = await started();
        const { stream } = await engine.exec(id, ['cat']);
        await greet(stream);
        const rest = text(stream);
        await engine.stop(id, 1);
        // On gVisor Docker may keep it open: whoever has it must not wait for its end.
        if (RUNTIME === 'runsc') stream.destroy();
        expect(await rest.catch(() => '')).toBe('');
      });
    });

    describe('errors', () => {
      it('finds no sandbox under an id that is unknown', async () => {
        const calls = [
          engine.start(ABSENT),
          engine.stop(ABSENT, 1),
          engine.pause(ABSENT),
          engine.resume(ABSENT),
          engine.rename(ABSENT, 'clara-test-nobody'),
          engine.stats(ABSENT),
          engine.exec(ABSENT, ['true']),
        ];
        await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject({ kind: 'not_found' })));
      });

      it('refuses a name that is taken', async () => {
        const { name } = (await engine.inspect(await create())) ?? { name: '' };
        await expect(create({ name })).rejects.toMatchObject({ kind: 'conflict' });
        await expect(engine.rename(await create(), name)).rejects.toMatchObject({ kind: 'conflict' });
      });

      it('refuses an image that is not there, with advice', async () => {
        const call = create({ image: absentImage });
        await expect(call).rejects.toMatchObject({
          kind: 'invalid',
          message: expect.stringMatching(/build or pull it/),
        });
      });

      it('refuses to make or start a sandbox with a mount of what is not there', async () => {
        if (engine.volumes) {
          const volume = { volume: `clara-${randomBytes(12).toString('hex')}`, folder: 'workspace' };
          const lost = create({ mounts: [{ source: volume, target: '/workspace' }] });
          await expect(lost).rejects.toMatchObject({ kind: 'unavailable' });
          const ofThisMachine = create({ mounts: [{ source: tmpdir(), target: '/workspace' }] });
          await expect(ofThisMachine).rejects.toMatchObject({ kind: 'invalid' });
          return;
        }
        const folder = await mkdtemp(join(tmpdir(), 'clara-contract-'));
        const mounts = [{ source: folder, target: '/workspace' }];
        const id = await create({ mounts });
        await rm(folder, { recursive: true });
        await expect(engine.start(id)).rejects.toMatchObject({ kind: 'invalid' });
        await expect(create({ mounts })).rejects.toMatchObject({ kind: 'invalid' });
      });

      it('refuses to pause, resume, measure or use a sandbox that does not run', async () => {
        const id = await create();
        const calls = [engine.pause(id), engine.resume(id), engine.stats(id), engine.exec(id, ['true'])];
        await Promise.all(calls.map((call) => expect(call).rejects.toMatchObject({ kind: 'conflict' })));
      });

      it('refuses to start or use a sandbox that is paused', async () => {
        const id = await started();
        await engine.pause(id);
        await expect(engine.start(id)).rejects.toMatchObject({ kind: 'conflict' });
        await expect(engine.exec(id, ['true'])).rejects.toMatchObject({ kind: 'conflict' });
      });

      it('answers nothing after it is closed', async () => {
        const other = makeEngine().engine;
        await other.close();
        await expect(other.info()).rejects.toMatchObject({ kind: 'unavailable' });
      });
    });
  });
}
