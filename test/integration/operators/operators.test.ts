import { appendFile, mkdir, mkdtemp, readdir, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { runCommand } from '../../support/operator-command.ts';
import { type RealServer, removeAll, startRealServer } from '../../support/real-server.ts';

/** Where no server of anybody's answers. */
const NO_PORT = '1';

let parent: string;
let dataDir: string;
let server: RealServer;

beforeEach(async () => {
  parent = await mkdtemp(join(tmpdir(), 'clara-operators-'));
  dataDir = join(parent, 'data');
  server = await startRealServer({ SANDBOX_DATA_DIR: dataDir });
});
afterEach(async () => {
  await server.leave();
  await removeAll(dataDir);
  await removeAll(join(parent, 'other'));
  await rm(parent, { recursive: true, force: true });
});

/** Runs one of the operator's commands for this data folder. */
const run = (script: string, args: readonly string[] = [], variables: Readonly<Record<string, string>> = {}) =>
  runCommand(script, args, { SANDBOX_DATA_DIR: dataDir, SANDBOX_API_PORT: NO_PORT, ...variables });

describe('an operator', () => {
  it('is told to stop the server before anything else', async () => {
    const port = new URL(server.url).port;
    for (const [script, args] of [
      ['down', []],
      ['backup', [join(parent, 'backup')]],
      ['restore', [join(parent, 'backup')]],
    ] as const) {
      const { code, text } = await run(script, args, { SANDBOX_API_PORT: port, SANDBOX_API_HOST: '127.0.0.1' });
      expect([code, text]).toEqual([1, expect.stringContaining('The server runs. Stop it first')]);
    }
  });

  it('is told so where the server listens elsewhere than the settings say', async () => {
    for (const [script, args] of [
      ['down', []],
      ['backup', [join(parent, 'backup')]],
    ] as const) {
      const { code, text } = await run(script, args);
      expect([code, text]).toEqual([1, expect.stringContaining(`A server uses ${dataDir}, which fuser -v`)]);
    }
    expect((await server.call('POST', '/sandbox/u/execute', { code: 'print(1)' })).body.output).toBe('1\n');
  });

  it('stops all sandboxes, copies them, and has them again in another folder', async () => {
    await server.call('POST', '/sandbox/u/file', { path: '/workspace/kept.txt', content: 'kept' });
    await server.call('POST', '/sandbox/gone/file', { path: '/workspace/kept.txt', content: 'deleted, not its files' });
    await server.call('DELETE', '/sandbox/gone');
    await server.leave();
    const target = join(parent, 'backup');
    expect(await run('backup', [target])).toEqual({ code: 1, text: expect.stringContaining('npm run down') });

    expect(await run('down')).toEqual({ code: 0, text: expect.stringContaining('Stopped 1 sandbox;') });
    expect(await run('backup', [target])).toEqual({ code: 0, text: expect.stringContaining('npm run restore') });
    expect(await run('backup', [target])).toEqual({ code: 1, text: expect.stringContaining('is not empty') });
    expect(await run('restore', [target])).toEqual({ code: 1, text: expect.stringContaining('is not empty') });

    const other = { SANDBOX_DATA_DIR: join(parent, 'other') };
    expect(await run('restore', [target], other)).toEqual({ code: 0, text: expect.stringContaining('finds all') });
    const restored = await startRealServer(other);
    const read = async (user: string) =>
      (await restored.call('GET', `/sandbox/${user}/file?path=/workspace/kept.txt`)).body.content;
    expect([await read('u'), await read('gone')]).toEqual(['kept', 'deleted, not its files']);
    await restored.leave();
    server = await startRealServer({ SANDBOX_DATA_DIR: dataDir });
    expect((await server.call('GET', '/sandbox/u/file?path=/workspace/kept.txt')).body.content).toBe('kept');
  });

  it('has a copy that nobody else reads, also in a folder that all may look into', async () => {
    await server.leave();
    const target = join(parent, 'backup');
    await mkdir(target, { mode: 0o755 });
    expect((await run('backup', [target])).code).toBe(0);
    const files = await readdir(target);
    const modes = await Promise.all(files.map(async (name) => (await stat(join(target, name))).mode & 0o777));
    expect(files).toContain('secret.tar');
    expect([...new Set(modes)]).toEqual([0o600]);
  });

  it('is refused a copy into the data folder, also by a link', async () => {
    await server.leave();
    await symlink(dataDir, join(parent, 'link'));
    for (const target of [join(dataDir, 'inside'), join(parent, 'link', 'inside')]) {
      expect(await run('backup', [target])).toEqual({ code: 1, text: expect.stringContaining('copied into itself') });
    }
    expect(await readdir(dataDir)).not.toContain('inside');
  });

  it('gets nothing back of a copy that is damaged or was not finished', async () => {
    await server.call('POST', '/sandbox/u/create');
    await server.leave();
    const target = join(parent, 'backup');
    await run('down');
    await run('backup', [target]);
    const other = { SANDBOX_DATA_DIR: join(parent, 'other') };
    await appendFile(join(target, 'instance.tar'), 'x');
    expect((await run('restore', [target], other)).text).toContain('instance.tar');
    for (const text of ['{"version":1,', '7']) {
      await writeFile(join(target, 'manifest.json'), text);
      const damaged = expect.stringContaining('manifest.json is damaged');
      expect(await run('restore', [target], other)).toEqual({ code: 1, text: damaged });
    }
    await rm(join(target, 'manifest.json'));
    expect((await run('restore', [target], other)).text).toContain('was not finished');
  });

  it('reads the unit of a service that has no mount namespace of its own', async () => {
    const { code, text } = await run('service', ['--print']);
    expect(code).toBe(0);
    expect(text).toContain(`ExecStart=${process.execPath} `);
    expect(text).toMatch(/^Restart=on-failure$/m);
    expect(text).not.toMatch(/^(?:Protect|Private|ReadOnly|Inaccessible|Temporary|Bind|Mount|DynamicUser)/m);
  });
});
