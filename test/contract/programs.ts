import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { buffer, text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';
import type { EngineId } from '../../src/engines/engine.ts';
import { RUNTIME } from '../support/runtime.ts';
import { until } from '../support/until.ts';
import type { ContractEngine } from './contract-engine.ts';

const MIB = 1024 * 1024;

/** How programs are started, talked with and end. */
export function describePrograms(tried: ContractEngine): void {
  describe('programs', () => {
    const run = async (id: EngineId, ...argv: string[]) => {
      const exec = await tried.engine.exec(id, argv);
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
      const id = await tried.started();
      const bytes = randomBytes(8 * MIB);
      const exec = await tried.engine.exec(id, ['cat']);
      const echoed = buffer(exec.stream);
      for (let at = 0; at < bytes.length; at += 100_003) {
        if (!exec.stream.write(bytes.subarray(at, at + 100_003))) await once(exec.stream, 'drain');
      }
      exec.stream.end();
      expect(bytes.equals(await echoed)).toBe(true);
      expect(await exec.exitCode()).toBe(0);
    });

    it('waits for a reader that is slow, and loses nothing', async () => {
      const id = await tried.started();
      const exec = await tried.engine.exec(id, ['sh', '-c', 'head -c 4194304 /dev/zero; echo done']);
      await once(exec.stream, 'readable');
      await run(id, 'true');
      const all = await buffer(exec.stream);
      expect(all.length).toBe(4 * MIB + 5);
      expect(all.subarray(-5).toString()).toBe('done\n');
    });

    it('talks with a program turn by turn', async () => {
      const id = await tried.started();
      const { stream, exitCode } = await tried.engine.exec(id, ['cat']);
      for (const word of ['one', 'two', 'three']) {
        stream.write(word);
        expect(String((await once(stream, 'data'))[0])).toBe(word);
      }
      expect(await exitCode()).toBeNull();
      stream.destroy();
    });

    it('counts the programs that it has started and that run, by their first arguments', async () => {
      const id = await tried.started();
      const programs = [
        await tried.engine.exec(id, ['cat', '-']),
        await tried.engine.exec(id, ['cat', '-', '-']),
        await tried.engine.exec(id, ['sh', '-c', 'cat']),
      ];
      for (const { stream } of programs) await greet(stream);
      expect(await tried.engine.countExecs(id, ['cat', '-'])).toBe(2);
      expect(await tried.engine.countExecs(id, ['cat', '-', '-'])).toBe(1);
      const [first] = programs;
      first?.stream.destroy();
      await first?.closed;
      await until('one program is left', async () => (await tried.engine.countExecs(id, ['cat', '-'])) <= 1);
      for (const { stream } of programs) stream.destroy();
      expect(await tried.engine.countExecs(id, ['no-such-program'])).toBe(0);
    });

    it('goes on talking after a pause', async () => {
      const id = await tried.started();
      const { stream } = await tried.engine.exec(id, ['cat']);
      await greet(stream);
      await tried.engine.pause(id);
      const answer = once(stream, 'data');
      stream.write('still there');
      await tried.engine.resume(id);
      expect(String((await answer)[0])).toBe('still there');
      stream.destroy();
    });

    it('keeps stdout and stderr apart and tells the exit code', async () => {
      const id = await tried.started();
      expect(await run(id, 'sh', '-c', 'echo out; echo err >&2; exit 7')).toEqual({
        stdout: 'out\n',
        stderr: 'err\n',
        exitCode: 7,
      });
    });

    it('says that there is more on stderr', async () => {
      const id = await tried.started();
      const exec = await tried.engine.exec(id, ['sh', '-c', 'read word; echo "$word" >&2; read word']);
      const heard = new Promise<void>((resolve) => exec.onStderr(resolve));
      exec.stream.write('first\n');
      await heard;
      expect(exec.stderr()).toBe('first\n');
      exec.stream.destroy();
    });

    it('keeps the last 4 KiB of stderr', async () => {
      const id = await tried.started();
      const { stderr } = await run(id, 'sh', '-c', 'head -c 100000 /dev/zero | tr "\\0" x >&2; echo end >&2');
      expect(stderr).toBe(`${'x'.repeat(4092)}end\n`);
    });

    it('passes arguments as they are and the environment of the spec', async () => {
      const id = await tried.started({ env: { GREETING: 'h=i "x"' } });
      expect((await run(id, 'sh', '-c', 'printf "%s|" "$@"', 'sh', '$HOME', 'a b', '')).stdout).toBe('$HOME|a b||');
      expect((await run(id, 'sh', '-c', 'printf %s "$GREETING"')).stdout).toBe('h=i "x"');
    });

    it('shows a program that is not there in the exit code', async () => {
      const id = await tried.started();
      expect([126, 127]).toContain((await run(id, 'no-such-program')).exitCode);
    });

    it('ends the streams of its programs when a sandbox stops', async () => {
      const id = await tried.started();
      const { stream } = await tried.engine.exec(id, ['cat']);
      await greet(stream);
      const rest = text(stream);
      await tried.engine.stop(id, 1);
      // On gVisor Docker may keep it open: whoever has it must not wait for its end.
      if (RUNTIME === 'runsc') stream.destroy();
      expect(await rest.catch(() => '')).toBe('');
    });
  });
}
