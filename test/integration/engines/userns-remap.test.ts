import { lstat, mkdtemp, readdir, readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createDockerEngine } from '../../../src/engines/docker/docker-engine.ts';
import { type OwnEngine, SMALL_IMAGE, startOwnEngine } from '../../support/own-engine.ts';
import { type RealServer, removeAll, startRealServer } from '../../support/real-server.ts';
import { IS_GVISOR } from '../../support/runtime.ts';
import { HOLDS, toScript, USER_COUNTS, untilHeld } from '../../support/user-counts.ts';

const closers: (() => Promise<unknown>)[] = [];
let own: OwnEngine;

beforeAll(async () => {
  own = await startOwnEngine(['--userns-remap=default'], closers);
});

afterAll(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

async function start(dataDir: string, variables: Readonly<Record<string, string>>): Promise<RealServer> {
  const all = { SANDBOX_DATA_DIR: dataDir, SANDBOX_DOCKER_IMAGE: SMALL_IMAGE, ...variables };
  return await startRealServer(all, { engine: createDockerEngine({ socketPath: own.socketPath }) });
}

async function dataFolder(): Promise<string> {
  const dataDir = await mkdtemp(join(tmpdir(), 'clara-remap-'));
  closers.push(() => removeAll(dataDir));
  return dataDir;
}

/** The only sandbox's folder. */
async function sandboxFolder(dataDir: string): Promise<string> {
  const name = (await readdir(dataDir)).find((entry) => /-[0-9a-f]{20}$/.test(entry));
  return join(dataDir, name ?? 'absent');
}

const WRITES = `
import getpass, os, pathlib, site
pathlib.Path('/workspace/made.txt').write_text('made')
pathlib.Path('/home/user/at-home').mkdir()
folder = pathlib.Path(site.getusersitepackages())
folder.mkdir(parents=True, exist_ok=True)
(folder / 'brought.py').write_text('answer = 42')
assert 'max=1024' in open('/proc/self/mountinfo').read() and os.isatty(os.openpty()[1])
print(os.getuid(), os.stat('/workspace').st_uid, os.stat('/packages').st_gid, os.stat('/').st_uid, getpass.getuser())
print(*open('/proc/self/uid_map').read().split())
`;

const onGvisor = () => {
  it('has no sandbox on gVisor, which does not start in its namespace, and says so', async () => {
    const server = await start(await dataFolder(), { SANDBOX_DISK_LIMIT: '0' });
    const { status, body } = await server.execute('u', WRITES);
    expect({ status, error: body.error }).toMatchObject({
      status: 503,
      error: expect.stringMatching(/could not start the sandbox/),
    });
    expect((await server.call('GET', '/sandbox/u/status')).status).toBe(404);
    await server.leave();
  });
};

const onRunc = () => {
  it.each([
    ['disk images', '64m', 'disk/workspace'],
    ['plain folders', '0', 'workspace'],
  ])('has sandboxes on %s that write, install, stop, wake and exchange files', async (_, limit, workspace) => {
    const dataDir = await dataFolder();
    const server = await start(dataDir, { SANDBOX_DISK_LIMIT: limit });
    try {
      const { output } = (await server.execute('u', WRITES)).body;
      const [, uid, first] = (/^(\d+) \1 \1 0 user\n0 (\d+) \d+\n$/.exec(output) ?? []).map(Number);
      if (uid === undefined || first === undefined) throw new Error(output);
      expect(uid).toBeGreaterThanOrEqual(2_000);
      expect(uid).toBeLessThanOrEqual(60_000);
      expect(first).toBeGreaterThan(0);

      const pid = await own.docker('inspect', '-f', '{{.State.Pid}}', await own.docker('ps', '-q'));
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      expect(status).toMatch(new RegExp(`^Uid:\\t${first + uid}\\t`, 'm'));
      const made = await lstat(join(await sandboxFolder(dataDir), workspace, 'made.txt'));
      expect([made.uid, made.gid]).toEqual([first + uid, first + uid]);

      const path = '/workspace/sent/file.txt';
      expect((await server.call('POST', '/sandbox/u/file', { path, content: 'sent' })).body.success).toBe(true);
      await server.call('POST', '/sandbox/u/stop');
      const woken = await server.execute('u', "import brought; print(brought.answer, open('made.txt').read())");
      expect(woken.body).toMatchObject({ success: true, output: '42 made\n' });
      expect((await server.call('GET', `/sandbox/u/file?path=${path}`)).body.content).toBe('sent');
      expect((await server.shell('u', 'rm -r sent at-home made.txt && ls -A')).body).toMatchObject({ success: true });
    } finally {
      await server.call('DELETE', '/sandbox/u');
      await server.leave();
    }
  });

  it('is given the files of a sandbox that was begun on an engine without it, and gives them back', async () => {
    const dataDir = await dataFolder();
    const here = await startRealServer({ SANDBOX_DATA_DIR: dataDir, SANDBOX_DISK_LIMIT: '64m' });
    await here.shell('u', 'mkdir -p deep/er && echo begun > deep/er/file && ln -s /etc/passwd link');
    await here.call('DELETE', '/sandbox/u');
    await here.leave();

    const there = await start(dataDir, { SANDBOX_DISK_LIMIT: '64m' });
    const more = await there.shell('u', 'echo more >> deep/er/file && rm link && cat deep/er/file');
    expect(more.body).toMatchObject({ success: true, output: 'begun\nmore\n' });
    await there.call('DELETE', '/sandbox/u');
    await there.leave();

    const again = await startRealServer({ SANDBOX_DATA_DIR: dataDir, SANDBOX_DISK_LIMIT: '64m' });
    const { body } = await again.shell('u', 'echo last >> deep/er/file && cat deep/er/file');
    expect(body).toMatchObject({ success: true, output: 'begun\nmore\nlast\n' });
    await again.close();
  });

  it('does not let a server start whose users it does not have', async () => {
    const started = start(await dataFolder(), { SANDBOX_UID_RANGE: '60000-70000' });
    await expect(started).rejects.toThrow(
      /SANDBOX_UID_RANGE \(60000-70000\) does not work here: .* more than 70000 ids in \/etc\/subuid/,
    );
  });

  it('counts pages in pipes for each sandbox, and bytes of message queues for all together', async () => {
    const server = await start(await dataFolder(), { SANDBOX_DISK_LIMIT: '0' });
    for (const user of ['greedy', 'neighbour']) await server.execute(user, 'print(1)');
    for (const count of USER_COUNTS.filter(({ what }) => /pages in pipes|message queues/.test(what))) {
      const holding = server.execute('greedy', toScript(count.takes, HOLDS), { timeout: 170 });
      await untilHeld(server, holding);
      const { body } = await server.execute('neighbour', toScript(count.asks));
      await server.call('POST', '/sandbox/greedy/file', { path: 'end', content: '' });
      await holding;
      expect(body.output).toBe(`${count.isSharedWhereMapped ? count.fails : count.works}\n`);
    }
    for (const user of ['greedy', 'neighbour']) await server.call('DELETE', `/sandbox/${user}`);
    await server.leave();
  });
};

describe('an engine with userns-remap', IS_GVISOR ? onGvisor : onRunc);
