import { mkdtemp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openEngine } from '../../src/modes/open-engine.ts';
import { freePort } from '../support/free-port.ts';
import { CLUSTER_IMAGE, IncusCluster } from '../support/incus-cluster.ts';
import type { TestMember } from '../support/incus-cluster-member.ts';
import { ManagerClient } from '../support/manager-client.ts';
import { runCommand } from '../support/operator-command.ts';
import { type RealServer, startRealServer } from '../support/real-server.ts';
import { until } from '../support/until.ts';

const AWAY = { status: 503, body: { error: expect.stringContaining('does not answer') } };

describe('a cluster of Incus', () => {
  const closers: (() => Promise<unknown>)[] = [];
  let cluster: IncusCluster;
  let server: RealServer;

  async function startServer(more: Readonly<Record<string, string>> = {}): Promise<RealServer> {
    const dataDir = more.SANDBOX_DATA_DIR ?? (await mkdtemp('/var/tmp/clara-it-cluster-'));
    closers.push(() => rm(dataDir, { recursive: true, force: true }));
    const trust = { trustToken: await cluster.token(), trustFolder: join(dataDir, 'incus') };
    const engine = openEngine('incus', { remote: cluster.urls, project: 'clara-sandbox', pool: null, ...trust });
    const variables = { SANDBOX_DATA_DIR: dataDir, SANDBOX_DOCKER_IMAGE: CLUSTER_IMAGE, SANDBOX_DISK_LIMIT: '200m' };
    const started = await startRealServer({ ...variables, ...more }, { engine });
    closers.push(() => started.leave());
    return started;
  }

  /** The members of the sandboxes of these users, by the user. */
  async function memberOf(user: string): Promise<TestMember> {
    return cluster.member(await cluster.placeOf(user));
  }

  beforeAll(async () => {
    cluster = await IncusCluster.form(closers);
    server = await startServer();
    for (const user of ['ann', 'bob', 'cyd']) {
      const code = `open('kept', 'w').write('${user}'); open('/tmp/lives', 'w'); print(1)`;
      expect(await server.execute(user, code)).toMatchObject({ status: 200, body: { success: true, output: '1\n' } });
    }
  }, 240_000);

  afterAll(async () => {
    for (const close of closers.reverse()) await close();
  }, 120_000);

  const showKept = 'import os; print(open("kept").read(), os.path.exists("/tmp/lives"))';

  it('has a sandbox on each member, and its files in a volume over a stop', async () => {
    const places = await Promise.all(['ann', 'bob', 'cyd'].map((user) => cluster.placeOf(user)));
    expect([...places].sort()).toEqual(['node1', 'node2', 'node3']);
    expect((await server.call('POST', '/sandbox/ann/stop')).status).toBe(200);
    expect(await server.execute('ann', showKept)).toMatchObject({ status: 200, body: { output: 'ann False\n' } });
    await server.execute('ann', "open('/tmp/lives', 'w')");
  });

  it('holds the number of terminals', async () => {
    expect((await server.shell('bob', "grep ' /dev/pts ' /proc/mounts")).body.output).toMatch(/,max=1024 /);
  });

  it('holds the size of a volume, and says how full it is', async () => {
    const full = await server.shell('bob', 'head -c 260000000 /dev/zero > big; stat -c %s big; rm big');
    expect(full.body.error).toContain('quota');
    expect(Number(full.body.output)).toBeLessThan(210_000_000);
    const { body } = await server.call('GET', '/sandbox/bob/status');
    expect(body.disk_limit_mb).toBe(200);
  });

  it('keeps checkpoints as volumes, brings them back, and begins others with them, whose own they become', async () => {
    const taken = await server.call('POST', '/sandbox/ann/checkpoints', {});
    expect(taken).toMatchObject({ status: 201, body: { size: expect.any(Number) } });
    await server.shell('ann', 'mkdir -p made/deep; ln -s /etc/passwd made/link; echo other > kept');
    expect((await server.call('POST', `/sandbox/ann/checkpoints/${taken.body.id}/restore`)).status).toBe(200);
    expect((await server.shell('ann', 'ls; cat kept')).body.output).toBe('kept\nann');
    await server.shell('ann', 'mkdir -p made/deep; ln -s /etc/passwd made/link; echo later > made/deep/file');
    for (const [user, more] of Object.entries({ dan: {}, eve: { checkpoint: taken.body.id } })) {
      expect((await server.call('POST', `/sandbox/${user}/create`, { from: { user_id: 'ann', ...more } })).status).toBe(
        200,
      );
      const own = await server.shell(user, 'cat kept; echo more >> kept; find . ! -user $(id -u) -o -type l | sort');
      expect(own.body).toMatchObject({ success: true, output: user === 'dan' ? 'ann./made/link\n' : 'ann' });
    }
    expect((await server.shell('dan', 'cat made/deep/file; rm -r made && ls')).body.output).toBe('later\nkept\n');
    expect(await cluster.volumes()).toHaveLength(6);
    for (const user of ['dan', 'eve']) {
      expect((await server.call('DELETE', `/sandbox/${user}?files=true`)).status).toBe(200);
    }
    expect((await server.call('DELETE', `/sandbox/ann/checkpoints/${taken.body.id}`)).status).toBe(204);
    expect(await cluster.volumes()).toHaveLength(3);
    await server.execute('ann', "open('/tmp/lives', 'w')");
  });

  it('gives a sandbox of the manager’s API volumes beside its files, of their own size, which go with it', async () => {
    const manager = new ManagerClient(() => server);
    const before = await cluster.volumes();
    const id = await manager.make({
      volumes: { data: { size: '64m' }, more: { size: '32m', mount_path: '/srv/more' } },
    });
    expect(await cluster.volumes()).toHaveLength(before.length + 3);
    const written = await manager.exec(id, 'echo kept > /mnt/data/file; head -c 80000000 /dev/zero > /srv/more/big');
    expect(written.stderr).toContain('quota');
    const note = manager.at(id, '/volumes/data/write?path=/note');
    expect((await server.call('POST', note, { content: 'a note' })).body).toEqual({ status: 'written' });
    expect((await server.call('POST', manager.at(id, '/stop'))).status).toBe(200);
    expect((await server.call('POST', manager.at(id, '/start'))).status).toBe(200);
    expect((await manager.exec(id, 'cat /mnt/data/file /mnt/data/note')).stdout).toBe('kept\na note');
    expect((await server.call('DELETE', manager.at(id))).status).toBe(200);
    expect(await cluster.volumes()).toEqual(before);
  });

  it('a backup has the files of volumes, checkpoints too, and a restore brings them back', async () => {
    const before = await cluster.volumes();
    const dataDir = await mkdtemp('/var/tmp/clara-it-cluster-');
    const backup = `${dataDir}-backup`;
    closers.push(() => rm(backup, { recursive: true, force: true }));
    const place = { SANDBOX_DATA_DIR: dataDir, INCUS_REMOTE: cluster.urls };
    const first = await startServer(place);
    await first.shell('zoe', 'echo first > kept; ln -s kept link');
    const checkpoint = (await first.call('POST', '/sandbox/zoe/checkpoints', {})).body.id;
    await first.shell('zoe', 'echo second > kept');
    const variables = { ...place, SANDBOX_MODE: 'incus', SANDBOX_API_PORT: String(await freePort()) };
    const run = (script: string, ...args: string[]) => runCommand(script, args, variables);
    await first.leave();
    expect(await run('backup', backup)).toEqual({ code: 1, text: expect.stringContaining('still run (1)') });
    const second = await startServer(place);
    expect((await second.call('DELETE', '/sandbox/zoe')).status).toBe(200);
    await second.leave();
    expect(await run('backup', backup)).toMatchObject({ code: 0 });
    const present = await run('restore', backup, '--volumes');
    for (const name of (await cluster.volumes()).filter((one) => !before.includes(one))) {
      expect(present).toEqual({ code: 1, text: expect.stringContaining(name) });
      await cluster.removeVolume(name);
    }
    await rm(dataDir, { recursive: true });
    expect(await run('restore', backup)).toEqual({ code: 0, text: expect.stringContaining('2 volumes') });
    const restored = await startServer(place);
    expect((await restored.shell('zoe', 'cat link; find . ! -user $(id -u)')).body.output).toBe('second\n');
    expect((await restored.call('POST', `/sandbox/zoe/checkpoints/${checkpoint}/restore`)).status).toBe(200);
    expect((await restored.shell('zoe', 'cat link')).body.output).toBe('first\n');
    await restored.call('DELETE', '/sandbox/zoe?files=true');
    expect(await cluster.volumes()).toEqual(before);
  });

  it('refuses what there is no way for with volumes: 501', async () => {
    const secret = await server.call('PUT', '/sandbox/ann/secrets/TOKEN', { value: 'v', hosts: ['example.com'] });
    expect(secret).toMatchObject({ status: 501, body: { error: expect.any(String) } });
  });

  it('while a member hangs, its sandbox alone is 503, and goes on after that', async () => {
    const member = await memberOf('ann');
    member.signal('SIGSTOP');
    await until('it is told to wait', async () => (await server.execute('ann', 'print(1)')).status === 503);
    const refused = await server.execute('ann', 'print(1)');
    expect(refused).toMatchObject(AWAY);
    expect(refused.headers.get('retry-after')).toBe('2');
    expect(await server.execute('bob', 'print(2)')).toMatchObject({ status: 200, body: { output: '2\n' } });
    member.signal('SIGCONT');
    await until('it answers', async () => (await server.execute('ann', 'print(1)')).status === 200);
    expect(await server.execute('ann', showKept)).toMatchObject({ body: { output: 'ann True\n' } });
  });

  it('where a member dies, its sandbox alone is 503, and is found again as it was', async () => {
    const member = await memberOf('bob');
    await member.kill();
    await until('it is told to wait', async () => (await server.execute('bob', 'print(1)')).status === 503);
    expect(await server.execute('bob', 'print(1)')).toMatchObject(AWAY);
    expect(await server.execute('cyd', 'print(2)')).toMatchObject({ status: 200, body: { output: '2\n' } });
    await member.start();
    await until('it answers', async () => (await server.execute('bob', 'print(1)')).status === 200);
    expect(await server.execute('bob', showKept)).toMatchObject({ body: { output: 'bob True\n' } });
  });

  it('a server that starts while a member hangs has the sandboxes of the others at once, and those of that one later', async () => {
    const member = await memberOf('bob');
    await server.leave();
    member.signal('SIGSTOP');
    server = await startServer({ SANDBOX_DATA_DIR: server.dataDir });
    expect(await server.execute('cyd', showKept)).toMatchObject({ status: 200, body: { output: 'cyd True\n' } });
    expect(await server.execute('bob', 'print(1)')).toMatchObject(AWAY);
    member.signal('SIGCONT');
    await until('it answers', async () => (await server.execute('bob', 'print(1)')).status === 200);
    expect(await server.execute('bob', showKept)).toMatchObject({ body: { output: 'bob True\n' } });
  });

  it('where the leader dies, the others run code and start and stop sandboxes', async () => {
    const leader = await cluster.leader();
    const places = await Promise.all(
      ['ann', 'bob', 'cyd'].map(async (one) => [one, await cluster.placeOf(one)] as const),
    );
    const user = places.find(([, place]) => place !== leader.name)?.[0] ?? '';
    await leader.kill();
    expect(await server.execute(user, 'print(3)')).toMatchObject({ status: 200, body: { output: '3\n' } });
    await until('it stops', async () => (await server.call('POST', `/sandbox/${user}/stop`)).status === 200);
    await until('it answers', async () => (await server.execute(user, 'print(4)')).status === 200);
    await leader.start();
    for (const one of ['ann', 'bob', 'cyd']) {
      await until('it answers', async () => (await server.execute(one, 'print(5)')).status === 200);
    }
  });

  it('a member that is emptied gives its sandbox to another, with its files', async () => {
    const member = await memberOf('cyd');
    await cluster.incus('cluster', 'evacuate', member.name, '--action', 'stop', '--force');
    await until('it answers', async () => (await server.execute('cyd', 'print(1)')).status === 200);
    expect((await memberOf('cyd')).name).not.toBe(member.name);
    expect(await server.execute('cyd', showKept)).toMatchObject({ body: { output: 'cyd False\n' } });
    expect(await cluster.volumes()).toHaveLength(3);
    await cluster.incus('cluster', 'restore', member.name, '--force');
  });

  it('a purge removes the volume', async () => {
    expect((await server.call('DELETE', '/sandbox/cyd?files=true')).status).toBe(200);
    expect(await cluster.volumes()).toHaveLength(2);
  });

  it('a volume grows with the limit at the next start of its sandbox', async () => {
    await server.leave();
    server = await startServer({ SANDBOX_DATA_DIR: server.dataDir, SANDBOX_DISK_LIMIT: '300m' });
    expect((await server.call('POST', '/sandbox/bob/stop')).status).toBe(200);
    const { body } = await server.shell('bob', 'head -c 250000000 /dev/zero > big && stat -c %s big && rm big');
    expect(body).toMatchObject({ success: true, output: '250000000\n' });
    expect((await server.call('GET', '/sandbox/bob/status')).body.disk_limit_mb).toBe(300);
  });

  it('a member that is taken out for good is forgotten, and its sandbox can be purged and made anew', async () => {
    const member = await memberOf('bob');
    // What ran on a daemon that is lost would outlive the test.
    await cluster.incus('stop', '--all', '--force', '--project', 'clara-sandbox');
    await cluster.lose(member);
    const gone = { status: 503, body: { error: expect.stringContaining('is gone from the engine') } };
    await until('it is forgotten', async () => {
      const { body } = await server.execute('bob', 'print(1)');
      return String(body.error).includes('is gone from the engine');
    });
    expect(await server.execute('bob', 'print(1)')).toMatchObject(gone);
    expect((await server.call('DELETE', '/sandbox/bob?files=true')).status).toBe(200);
    expect(await server.execute('bob', 'print(2)')).toMatchObject({ status: 200, body: { output: '2\n' } });
    expect((await memberOf('bob')).name).not.toBe(member.name);
  });

  it('a sandbox of the pool keeps its files where it was claimed', async () => {
    const pooling = await startServer({ SANDBOX_POOL_SIZE: '1' });
    await until('it is filled', async () => (await pooling.call('GET', '/info')).body.pooled_sandboxes === 1);
    expect(await pooling.execute('dan', "open('kept', 'w').write('dan')")).toMatchObject({ status: 200 });
    expect((await pooling.call('POST', '/sandbox/dan/stop')).status).toBe(200);
    expect(await pooling.execute('dan', 'print(open("kept").read())')).toMatchObject({ body: { output: 'dan\n' } });
  });
});
