import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import { createDockerEngine } from '../../../src/engines/docker/docker-engine.ts';
import type { EngineId, EngineSpec } from '../../../src/engines/engine.ts';
import { isOnEngineHost } from '../../../src/engines/host-path.ts';
import { describeEngine } from '../../contract/engine.contract.ts';
import { specFor } from '../../contract/spec-for.ts';
import { ensureBaseImage } from '../../support/base-image.ts';
import { IS_GVISOR } from '../../support/runtime.ts';
import { until } from '../../support/until.ts';

const IMAGE = process.env.CLARA_TEST_IMAGE ?? 'clara-sandbox:latest';
const MIB = 1024 * 1024;
const labels = { 'clara-test.run': randomUUID() };

describeEngine('DockerEngine', () => ({
  engine: createDockerEngine(),
  image: IMAGE,
  absentImage: 'clara-test/absent:latest',
  exhaustMemory: async (id) => {
    const { stream } = await engine.exec(id, ['python3', '-I', '-S', '-c', 'x = b"x" * (512 << 20)']);
    stream.destroy();
  },
}));

const engine = createDockerEngine();
afterEach(async () => {
  for (const { id } of await engine.list(labels)) await engine.remove(id);
});
afterAll(() => engine.close());

async function started(changes: Partial<EngineSpec> = {}): Promise<EngineId> {
  const id = await engine.create(specFor(IMAGE, labels, changes));
  await engine.start(id);
  return id;
}

async function run(id: EngineId, ...argv: string[]) {
  const exec = await engine.exec(id, argv);
  exec.stream.end();
  const stdout = await text(exec.stream);
  return { stdout: stdout.trim(), stderr: exec.stderr(), exitCode: await exec.exitCode() };
}

const shell = (id: EngineId, script: string) => run(id, 'sh', '-c', script);
const python = (id: EngineId, script: string) => run(id, 'python3', '-I', '-S', '-c', script);

/** gVisor's kernel is itself in the limits and ends with all that runs on it; Docker may then keep the exec's stream open. */
async function endsAndStartsAgain(id: EngineId, script: string): Promise<void> {
  const { stream } = await engine.exec(id, ['python3', '-I', '-S', '-c', script]);
  await until('the sandbox is stopped', async () => (await engine.inspect(id))?.state === 'stopped');
  stream.destroy();
  await engine.start(id);
  expect((await shell(id, 'echo alive')).stdout).toBe('alive');
}

it('freezes a sandbox that has more to do than its share of the CPU lets it', async () => {
  const id = await started({ cpus: 0.1 });
  await shell(id, 'for i in 1 2 3 4 5 6; do (while :; do :; done) > /dev/null 2>&1 & done');
  for (let times = 0; times < 4; times += 1) {
    await engine.pause(id);
    expect((await engine.inspect(id))?.state).toBe('paused');
    await engine.resume(id);
  }
});

describe('a container with a folder of the machine', () => {
  it('is told with where that is bound, one by one and in the list', async () => {
    const source = await mkdtemp(join(tmpdir(), 'clara-bound-'));
    const id = await engine.create(specFor(IMAGE, labels, { mounts: [{ source, target: '/workspace' }] }));
    const told = { id, bound: { '/workspace': source } };
    expect([await engine.inspect(id), ...(await engine.list(labels))]).toMatchObject([told, told]);
    await rm(source, { recursive: true });
  });
});

describe('hardening of a container, seen from inside', () => {
  it('runs as the user, without capabilities and without a way to new privileges, under seccomp', async () => {
    const id = await started();
    expect((await shell(id, 'id -u; id -g; id -G')).stdout).toBe('1000\n1000\n1000');
    const { stdout } = await shell(id, 'grep -E "^(Cap|NoNewPrivs|Seccomp:)" /proc/self/status /proc/1/status');
    for (const process of ['self', '1']) {
      for (const set of ['CapInh', 'CapPrm', 'CapEff', 'CapBnd', ...(IS_GVISOR ? [] : ['CapAmb'])]) {
        expect(stdout).toContain(`/proc/${process}/status:${set}:\t0000000000000000`);
      }
      // gVisor filters the system calls of its own kernel, outside of what the sandbox sees.
      expect(stdout).toContain(`/proc/${process}/status:Seccomp:\t${IS_GVISOR ? 0 : 2}`);
      if (!IS_GVISOR) expect(stdout).toContain(`/proc/${process}/status:NoNewPrivs:\t1`);
    }
    const noNewPrivileges = 'import ctypes; print(ctypes.CDLL(None).prctl(39, 0, 0, 0, 0))';
    expect((await run(id, 'python3', '-c', noNewPrivileges)).stdout).toBe('1');
  });

  it('has a root that is read-only, and neither devices nor the socket of the engine', async () => {
    const id = await started();
    const root = (await shell(id, 'grep " / " /proc/mounts')).stdout;
    expect(root).toMatch(/ \/ \S+ ro[ ,]/);
    expect((await shell(id, 'touch /file /usr/file /etc/passwd')).exitCode).not.toBe(0);
    expect((await shell(id, 'ls /var/run/docker.sock /run/docker.sock')).exitCode).not.toBe(0);
    expect((await shell(id, 'find /dev -type b')).stdout).toBe('');
  });

  it('bounds its tmpfs, lets programs run from it, but without set-id bits and devices', async () => {
    const id = await started({ tmpfs: [{ path: '/scratch', sizeBytes: 4 * MIB, mode: 0o700 }] });
    const mount = (await shell(id, 'grep " /scratch " /proc/mounts')).stdout;
    // gVisor does not show these two; no-new-privileges and the lack of capabilities stand in for them.
    if (!IS_GVISOR) expect(mount).toMatch(/nosuid.*nodev/);
    expect(mount).not.toContain('noexec');
    expect((await shell(id, 'stat -c "%u %g %a" /scratch')).stdout).toBe('1000 1000 700');
    const { exitCode, stderr } = await shell(id, 'head -c 5M /dev/zero > /scratch/big');
    expect(exitCode).not.toBe(0);
    expect(stderr).toMatch(/No space left/);
  });

  it('shows the folder of a mount and what is written to it', async () => {
    const source = await mkdtemp(join(tmpdir(), 'clara-test-'));
    const id = await started({ mounts: [{ source, target: '/workspace' }], user: { uid: 0, gid: 0 } });
    expect((await shell(id, 'echo hi > /workspace/a && cat /workspace/a')).stdout).toBe('hi');
    await engine.remove(id);
    await rm(source, { recursive: true });
  });

  it('refuses a mount whose folder is absent, instead of making it', async () => {
    const call = started({ mounts: [{ source: '/nonexistent/folder', target: '/workspace' }] });
    await expect(call).rejects.toMatchObject({ kind: 'invalid' });
  });

  it('kills what takes more than the memory: the program, or on gVisor the sandbox, which can start again', async () => {
    const id = await started({ memoryBytes: (IS_GVISOR ? 128 : 64) * MIB });
    if (IS_GVISOR) return await endsAndStartsAgain(id, 'x = b"x" * (512 << 20)');
    expect((await python(id, 'x = b"x" * (256 << 20); print(len(x))')).exitCode).toBe(137);
    expect((await shell(id, 'echo alive')).stdout).toBe('alive');
  });

  it('stops what makes more processes than it may: the program, or on gVisor the sandbox, which can start again', async () => {
    const id = await started({ pidsLimit: IS_GVISOR ? 128 : 16 });
    if (IS_GVISOR) return await endsAndStartsAgain(id, 'import os, time\nwhile os.fork(): pass\ntime.sleep(60)');
    const { stdout } = await python(
      id,
      `
import os, signal
made = []
try:
    while True:
        pid = os.fork()
        if pid == 0:
            signal.pause()
        made.append(pid)
except BlockingIOError:
    print(len(made))
for pid in made:
    os.kill(pid, signal.SIGKILL)`,
    );
    expect(Number(stdout)).toBeGreaterThan(5);
    expect(Number(stdout)).toBeLessThan(16);
  });

  it('limits descriptors, core dumps and what the kernel keeps for a user', async () => {
    const id = await started();
    expect((await shell(id, 'ulimit -n; ulimit -Hn; ulimit -c; ulimit -Hc')).stdout).toBe('16384\n16384\n0\n0');
    const rows = 'core file size|locked memory|pending signals|msgqueue size|nice priority|realtime priority';
    const { stdout } = await shell(id, `grep -iE "^Max (${rows})" /proc/self/limits | sed -E "s/ {2,}/ /g; s/ $//"`);
    if (!IS_GVISOR) {
      expect(stdout.split('\n').map((line) => line.trim())).toEqual([
        'Max core file size 1 1 bytes',
        'Max locked memory 8388608 8388608 bytes',
        'Max pending signals 4096 4096 signals',
        'Max msgqueue size 819200 819200 bytes',
        'Max nice priority 0 0',
        'Max realtime priority 0 0',
      ]);
    }
  });

  it('takes no more CPUs than the host has', async () => {
    const id = await started({ cpus: 10_000 });
    expect(await engine.inspect(id)).toMatchObject({ state: 'running' });
  });

  it('has no network card but the loopback', async () => {
    const id = await started();
    expect((await shell(id, 'tail -n +3 /proc/net/dev | cut -d : -f 1 | tr -d " "')).stdout).toBe('lo');
  });

  describe.each([
    ['the sandbox image', async () => IMAGE],
    ['an image without a first process of its own', () => ensureBaseImage('python:3.12-slim')],
  ])('from %s', (_what, imageOf) => {
    it('reaps what its programs leave behind', async () => {
      const id = await started({ image: await imageOf() });
      await shell(id, 'for one in 1 2 3; do (sh -c "exit 0" &); done');
      const dead = () => shell(id, 'cat /proc/[0-9]*/stat | grep -c ") Z "');
      await expect.poll(async () => (await dead()).stdout, { timeout: 30_000 }).toBe('0');
    });

    it('is ended by nothing that runs in it', async () => {
      const id = await started({ image: await imageOf() });
      if (IS_GVISOR) {
        // Its kernel does not keep them from the first process, with which the sandbox ends.
        await shell(id, 'kill -KILL 1').catch(() => undefined);
        await expect.poll(async () => (await engine.inspect(id))?.state, { timeout: 30_000 }).toBe('stopped');
        return;
      }
      for (const signal of ['TERM', 'HUP', 'INT', 'KILL', 'STOP']) await shell(id, `kill -${signal} 1`);
      await python(id, 'import os; os.kill(-1, 15); os.kill(-1, 9)');
      expect((await shell(id, 'echo alive')).stdout).toBe('alive');
      expect(await engine.inspect(id)).toMatchObject({ state: 'running' });
    });
  });

  it('stops at once, whatever keeps it alive has been sent', async () => {
    const id = await started();
    await shell(id, 'kill -STOP 1');
    await engine.stop(id, 600);
    expect(await engine.inspect(id)).toMatchObject({ state: 'stopped' });
  });
});

it('tells that a sandbox was killed from outside', async () => {
  const id = await started();
  expect(await engine.inspect(id)).toMatchObject({ state: 'running', wasKilled: false });
  await promisify(execFile)('docker', ['kill', id]);
  expect(await engine.inspect(id)).toMatchObject({ state: 'stopped', wasKilled: true });
});

describe('a path on the machine of the engine', () => {
  it.each([
    ['/etc/hostname', true],
    ['/etc', true],
    ['/nowhere/instance', false],
  ])('%s is told: %s', async (path, isThere) => {
    expect(await isOnEngineHost(engine, IMAGE, path)).toBe(isThere);
    // Servers of other tests look at paths of their own, for a moment.
    const isCheck = ({ name }: { readonly name: string }) => name.startsWith('clara-path-check-');
    await until('no check is left', async () => !(await engine.list({})).some(isCheck));
  });

  it('counts as there where nobody can know', async () => {
    expect(await isOnEngineHost(engine, 'clara-test/absent:latest', '/nowhere')).toBe(true);
    const silent = createDockerEngine({ socketPath: '/nowhere/engine.sock' });
    expect(await isOnEngineHost(silent, IMAGE, '/nowhere')).toBe(true);
    await silent.close();
  });
});
