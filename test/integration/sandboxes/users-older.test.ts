import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, link, lstat, stat, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, describe, expect, it } from 'vitest';
import { dataFolder, folderOf } from '../../support/limited-disk.ts';
import { makeOlder, withFiles } from '../../support/older-version.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { RUNTIME } from '../../support/runtime.ts';
import { KINDS, ownersIn, startOwning, uidOf } from '../../support/sandbox-owners.ts';
import { startServerProcess } from '../../support/server-process.ts';

const run = promisify(execFile);
const closers: (() => Promise<unknown>)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

const start = (variables: Readonly<Record<string, string>> = {}) => startOwning(closers, variables);

describe.each(KINDS)('the files of an earlier version, in %s', (_, variables, isImage) => {
  const CROWD =
    'mkdir -p deep/er "with\nnewline" shared; echo kept > deep/er/file; echo x > "with\nnewline/-n"; ln deep/er/file twice; echo x > suid; echo x > sgid; echo x > locked; mkfifo pipe; pip list > /packages/brought';
  const SET_ID = { suid: '4755', sgid: '2755', locked: '6644', shared: '2775' };

  /** Those of one that ran and was stopped, and a file outside that a link in it leads to. */
  async function older(): Promise<{ dataDir: string; outside: string }> {
    const dataDir = await dataFolder(closers);
    const outside = join(dataDir, 'outside');
    await writeFile(outside, 'of root');
    await chmod(outside, 0o4711);
    const server = await startRealServer({ ...variables, SANDBOX_DATA_DIR: dataDir });
    await server.shell('u', CROWD);
    await server.call('POST', '/sandbox/u/stop');
    await server.leave();
    await withFiles(folderOf({ dataDir }, 'u'), isImage, async (workspace) => {
      await symlink(outside, join(workspace, 'link'));
      await symlink('/etc', join(workspace, 'deep', 'folder'));
    });
    await makeOlder(folderOf({ dataDir }, 'u'), isImage, SET_ID);
    return { dataDir, outside };
  }

  async function expectGiven(server: RealServer, outside: string): Promise<void> {
    // A create waits for longer than a call.
    expect((await server.call('POST', '/sandbox/u/create')).status).toBe(200);
    const seen = await server.shell(
      'u',
      'cat deep/er/file; echo more >> deep/er/file; cat twice; ls /packages/brought; stat -c %a suid sgid locked shared',
    );
    expect(seen.body).toMatchObject({
      success: true,
      output: 'kept\nkept\nmore\n/packages/brought\n755\n755\n644\n775\n',
    });
    const uid = await uidOf(server.dataDir, 'u');
    const workspace = join(folderOf({ dataDir: server.dataDir }, 'u'), isImage ? 'disk/workspace' : 'workspace');
    expect(await ownersIn(workspace)).toEqual([`${uid}:${uid}`]);
    expect(await ownersIn(join(workspace, '..', 'packages'))).toEqual([`${uid}:${uid}`]);
    expect((await run('find', [workspace, '-perm', '/6000'])).stdout).toBe('');
    const { uid: owner, mode } = await lstat(outside);
    expect([owner, mode & 0o7777]).toEqual([0, 0o4711]);
    expect((await stat('/etc/passwd')).uid).toBe(0);
    const left = await run('find', [folderOf({ dataDir: server.dataDir }, 'u'), '-name', '*.giving']);
    expect(left.stdout).toBe('');
  }

  it('are given to its user at the next start, links and what they lead to aside, without set-id bits', async () => {
    const { dataDir, outside } = await older();
    const server = await start({ ...variables, SANDBOX_DATA_DIR: dataDir });
    await expectGiven(server, outside);
  });

  const steps = ['after fs.rename uid', 'before run chown', 'before run chmod', 'before fs.rm packages.giving'];
  it.each(isImage ? steps : ['before run chmod'])(
    'are given by the next server where one was killed in between: %s',
    async (CRASH_AT) => {
      const { dataDir, outside } = await older();
      const own = { ...variables, SANDBOX_DATA_DIR: dataDir, SANDBOX_DOCKER_RUNTIME: RUNTIME };
      const killed = await startServerProcess(own, 'test/support/crashing-server.ts');
      const answered = once(killed.child, 'message');
      killed.child.send(CRASH_AT);
      await answered;
      const exited = once(killed.child, 'exit');
      await expect(killed.call('POST', '/sandbox/u/create')).rejects.toThrow();
      await exited;
      expect(killed.child.signalCode).toBe('SIGKILL');
      await expectGiven(await start({ ...variables, SANDBOX_DATA_DIR: dataDir }), outside);
    },
  );
});

describe('a file of somebody else that has a name in a plain folder', () => {
  it('is given to nobody, and keeps the sandbox from starting until it is gone', async () => {
    const variables = { SANDBOX_DISK_MECHANISM: 'measure', SANDBOX_DATA_DIR: await dataFolder(closers) };
    const first = await startRealServer(variables);
    await first.shell('u', 'echo kept > file; ln file twice');
    await first.call('POST', '/sandbox/u/stop');
    await first.leave();
    const folder = folderOf({ dataDir: first.dataDir }, 'u');
    await makeOlder(folder, false);
    const outside = join(first.dataDir, 'outside');
    await writeFile(outside, 'of root');
    await link(outside, join(folder, 'workspace', 'planted'));
    const server = await start(variables);
    const refused = await server.call('POST', '/sandbox/u/create');
    expect(refused.status).toBe(503);
    expect(refused.body.error).toMatch(/not all given to its user/);
    expect(refused.body.error).not.toContain(first.dataDir);
    expect((await lstat(outside)).uid).toBe(0);
    await run('rm', [join(folder, 'workspace', 'planted')]);
    expect((await server.shell('u', 'cat file twice')).body.output).toBe('kept\nkept\n');
  });
});
