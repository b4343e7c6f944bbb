import { mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it } from 'vitest';
import type { Engine, EngineKind, EngineSandbox } from '../../src/engines/engine.ts';
import { openEngine } from '../../src/modes/open-engine.ts';
import { LABEL } from '../../src/sandboxes/spec/engine-spec.ts';
import { unmountAllBelow } from '../support/mounts.ts';
import { type RealServer, removeAll, startRealServer } from '../support/real-server.ts';
import { type ServerProcess, startServerProcess } from '../support/server-process.ts';

const ENGINES = ['docker', 'incus'] as const;
const LIMIT = { SANDBOX_DISK_LIMIT: '64m' };

/** A package that pip takes from a file. */
const INSTALL = `import subprocess, sys, zipfile
with zipfile.ZipFile('clara_probe-1.0-py3-none-any.whl', 'w') as z:
    info = 'clara_probe-1.0.dist-info/'
    z.writestr('clara_probe.py', 'ANSWER = 42')
    z.writestr(info + 'METADATA', 'Metadata-Version: 2.1\\nName: clara_probe\\nVersion: 1.0\\n')
    z.writestr(info + 'WHEEL', 'Wheel-Version: 1.0\\nGenerator: t\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n')
    z.writestr(info + 'RECORD', f'clara_probe.py,,\\n{info}METADATA,,\\n{info}WHEEL,,\\n{info}RECORD,,\\n')
subprocess.check_call([sys.executable, '-m', 'pip', 'install', '--quiet', './clara_probe-1.0-py3-none-any.whl'])
open('kept', 'w').write('of docker')`;

const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
}, 120_000);

async function makeFolder(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'clara-it-'));
  closers.push(async () => {
    for (const kind of ENGINES) await withSandboxesOf(dataDir, kind, (engine, { id }) => engine.remove(id));
    await unmountAllBelow(dataDir);
    await removeAll(dataDir);
  });
  return dataDir;
}

/** Does something with each sandbox of a folder on an engine, past the server. */
async function withSandboxesOf(
  dataDir: string,
  kind: EngineKind,
  work: (engine: Engine, sandbox: EngineSandbox) => Promise<void>,
): Promise<void> {
  const instance = await readFile(join(dataDir, 'instance'), 'utf8');
  const engine = openEngine(kind);
  try {
    for (const sandbox of await engine.list({ [LABEL.instance]: instance })) await work(engine, sandbox);
  } finally {
    await engine.close();
  }
}

it('a folder goes from Docker to Incus and back with its files, packages and limits', async () => {
  const dataDir = await makeFolder();
  let server: ServerProcess | undefined;
  const startOn = async (mode: EngineKind) => {
    expect(await server?.end('SIGTERM')).toBe(server && 0);
    const started = await startServerProcess({ ...LIMIT, SANDBOX_DATA_DIR: dataDir, SANDBOX_MODE: mode });
    closers.push(() => started.end('SIGKILL'));
    server = started;
    return async (code: string) => (await started.call('POST', '/sandbox/u/execute', { code })).body;
  };
  const expectAll = async (execute: (code: string) => Promise<Record<string, unknown>>, content: string) => {
    const show =
      'import clara_probe, os; print(open("kept").read(), clara_probe.ANSWER, os.stat("kept").st_uid == os.getuid())';
    expect(await execute(show)).toMatchObject({ success: true, output: `${content} 42 True\n` });
    expect(await execute('x = bytearray(400_000_000)')).toMatchObject({ success: false, oom_killed: true });
    expect(await execute("open('big', 'wb').write(bytes(80_000_000))")).toMatchObject({
      success: false,
      error: expect.stringContaining('No space left'),
    });
    expect(await execute("import os; os.remove('big')")).toMatchObject({ success: true });
  };

  const onDocker = await startOn('docker');
  const made = await server?.call('POST', '/sandbox/u/create', { memory_limit: '200m' });
  expect(made).toMatchObject({ status: 200 });
  expect(await onDocker(INSTALL)).toMatchObject({ success: true });
  await expectAll(onDocker, 'of docker');
  const diskLimitMb = (await server?.call('GET', '/sandbox/u/status'))?.body.disk_limit_mb;
  expect(diskLimitMb).toBeGreaterThan(50);

  const onIncus = await startOn('incus');
  await expectAll(onIncus, 'of docker');
  expect((await server?.call('GET', '/health'))?.body).toMatchObject({ docker: true, engine: 'incus' });
  expect((await server?.call('GET', '/sandbox/u/status'))?.body).toMatchObject({
    container_id: expect.stringMatching(/^[0-9a-f]{12}$/),
    disk_limit_mb: diskLimitMb,
  });
  expect((await server?.call('GET', '/sandbox/u/usage'))?.body).toMatchObject({ memory_limit_bytes: 200 * 2 ** 20 });
  expect(await onIncus("open('kept', 'w').write('of incus')")).toMatchObject({ success: true });

  await expectAll(await startOn('docker'), 'of incus');
  expect((await server?.call('GET', '/health'))?.body).toMatchObject({ docker: true, engine: 'docker' });
}, 240_000);

it.each([
  ['docker', 'incus', 'Docker'],
  ['incus', 'docker', 'Incus (containers)'],
] as const)(
  'a disk that %s holds is refused to %s, and opened once it was let go',
  async (first, second, label) => {
    const dataDir = await makeFolder();
    const startOn = async (kind: EngineKind): Promise<RealServer> => {
      const engine = openEngine(kind);
      const started = await startRealServer({ ...LIMIT, SANDBOX_MODE: kind, SANDBOX_DATA_DIR: dataDir }, { engine });
      closers.push(() => started.leave());
      return started;
    };
    const holderOf = async () => {
      const [folder = ''] = (await readdir(dataDir)).filter((name) => name.startsWith('u-'));
      return await readFile(join(dataDir, folder, 'disk.engine'), 'utf8');
    };
    const before = await startOn(first);
    expect((await before.execute('u', "open('kept', 'w').write('kept')")).status).toBe(200);
    await before.leave();
    expect(await holderOf()).toBe(label);

    const after = await startOn(second);
    expect(await after.execute('u', 'print(1)')).toMatchObject({
      status: 503,
      body: { error: expect.stringContaining(`still in use by ${label}`) },
    });
    expect(await holderOf()).toBe(label);
    await withSandboxesOf(dataDir, first, (engine, { id }) => engine.stop(id, 0));
    expect((await after.execute('u', "print(open('kept').read())")).body).toMatchObject({ output: 'kept\n' });
    expect(await holderOf()).not.toBe(label);
  },
  120_000,
);
