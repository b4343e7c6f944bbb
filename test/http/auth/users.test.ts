import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { SandboxError } from '../../../src/base/errors.ts';
import { toSandboxId } from '../../../src/base/sandbox-address.ts';
import { FakeEngine } from '../../fakes/fake-engine.ts';
import { type FakeApp, startNativeApp } from '../../support/fake-app.ts';

const RANGE = { SANDBOX_UID_RANGE: '70000-70099' };
const opened: FakeApp[] = [];
let dataDir = '';

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'clara-users-'));
});

afterEach(async () => {
  for (const fake of opened.splice(0).reverse()) await fake.close();
  await rm(dataDir, { recursive: true, force: true });
});

async function start(variables: Readonly<Record<string, string>> = RANGE, engine = new FakeEngine()): Promise<FakeApp> {
  const fake = await startNativeApp({ SANDBOX_DATA_DIR: dataDir, ...variables }, engine);
  opened.push(fake);
  return fake;
}

const idOf = (user: string) => toSandboxId({ namespace: 'clara', id: user });
const folderOf = (user: string) => join(dataDir, idOf(user));
const recordOf = async (user: string) => JSON.parse(await readFile(join(folderOf(user), 'sandbox.json'), 'utf8'));
const passwdOf = (user: string) => readFile(join(folderOf(user), 'passwd'), 'utf8');
const create = async (fake: FakeApp, user: string, body?: unknown) =>
  await fake.call('POST', `/sandbox/${user}/create`, body);

/** The spec of a sandbox's container. */
function specOf({ engine }: FakeApp, user: string) {
  const found = [...engine.sandboxes.values()].find(({ name }) => name.endsWith(idOf(user)));
  if (!found) throw new Error(`${user} has no container`);
  return found.spec;
}

describe('each sandbox', () => {
  it('has a user of its own, which its record names, and keeps it for the next server', async () => {
    const fake = await start();
    await create(fake, 'u');
    await create(fake, 'v');
    const [one, other] = [specOf(fake, 'u').user, specOf(fake, 'v').user];
    expect(one.uid).not.toBe(other.uid);
    for (const { uid, gid } of [one, other]) {
      expect(uid).toBe(gid);
      expect(uid).toBeGreaterThanOrEqual(70_000);
      expect(uid).toBeLessThanOrEqual(70_099);
    }
    expect((await recordOf('u')).uid).toBe(one.uid);
    await fake.call('DELETE', '/sandbox/u');
    await fake.app.close();
    fake.engine.revive();
    const next = await start(RANGE, fake.engine);
    await create(next, 'new');
    await create(next, 'u');
    expect(specOf(next, 'u').user).toEqual(one);
    expect([one.uid, other.uid]).not.toContain(specOf(next, 'new').user.uid);
  });

  it('keeps its container where nothing changed, and is restarted from one that fits its user', async () => {
    const fake = await start();
    await create(fake, 'u');
    const { container_id: before } = (await fake.call('GET', '/sandbox/u/status')).json();
    await fake.call('POST', '/sandbox/u/stop');
    await fake.call('POST', '/sandbox/u/restart');
    expect((await fake.call('GET', '/sandbox/u/status')).json().container_id).toBe(before);
    await fake.app.close();
    fake.engine.revive();
    const next = await start({ SANDBOX_UID_RANGE: '80000-80099' }, fake.engine);
    // What runs keeps its user, as its files do, to its stop.
    await next.call('POST', '/sandbox/u/execute', { code: 'print(1)' });
    expect((await next.call('GET', '/sandbox/u/status')).json().container_id).toBe(before);
    await next.call('POST', '/sandbox/u/restart');
    expect((await next.call('GET', '/sandbox/u/status')).json().container_id).not.toBe(before);
    const { uid } = specOf(next, 'u').user;
    expect(uid).toBeGreaterThanOrEqual(80_000);
    expect((await recordOf('u')).uid).toBe(uid);
    expect(await passwdOf('u')).toContain(`user:x:${uid}:${uid}:`);
  });

  it('of the pool too, whose user goes with it to the address that claims it', async () => {
    const fake = await start({ ...RANGE, SANDBOX_POOL_SIZE: '1' });
    await expect.poll(async () => (await fake.call('GET', '/info')).json().pooled_sandboxes).toBe(1);
    const [pooled] = [...fake.engine.sandboxes.values()];
    await create(fake, 'u');
    const { user } = specOf(fake, 'u');
    expect(user).toEqual(pooled?.spec.user);
    expect((await recordOf('u')).uid).toBe(user.uid);
    expect(await readFile(join(folderOf('u'), 'uid'), 'utf8')).toBe(`${user.uid}\n`);
    await fake.call('POST', '/sandbox/u/restart');
    expect(specOf(fake, 'u').user).toEqual(user);
  });
});

describe('a record from before', () => {
  it('has no user: what runs goes on, and the next start gives it one', async () => {
    const fake = await start();
    await create(fake, 'u');
    const { uid: _, ...before } = await recordOf('u');
    await fake.app.close();
    await writeFile(join(folderOf('u'), 'sandbox.json'), JSON.stringify(before));
    for (const name of ['uid', 'passwd', 'group']) await rm(join(folderOf('u'), name));
    const found = fake.engine.get(before.engineId);
    Object.assign(found, { spec: { ...found.spec, labels: { ...found.spec.labels, 'clara.user': undefined } } });
    fake.engine.revive();
    const next = await start(RANGE, fake.engine);
    const execute = () => next.call('POST', '/sandbox/u/execute', { code: 'print(1)' });
    expect((await execute()).json()).toMatchObject({ success: true });
    expect((await next.call('GET', '/sandbox/u/status')).json().container_id).toBe(before.engineId.slice(0, 12));
    await next.call('POST', '/sandbox/u/stop');
    expect((await execute()).json()).toMatchObject({ success: true });
    const { user } = specOf(next, 'u');
    expect((await recordOf('u')).uid).toBe(user.uid);
    expect(await passwdOf('u')).toContain(`user:x:${user.uid}:`);
  });
});

describe('a range that is used up', () => {
  const TWO = { SANDBOX_UID_RANGE: '70000-70001' };

  it('is a 503 that names the variable, counts what was deleted, and touches nobody', async () => {
    const fake = await start(TWO);
    await create(fake, 'u');
    await create(fake, 'v');
    await fake.call('DELETE', '/sandbox/v');
    const refused = await create(fake, 'w');
    expect(refused.statusCode).toBe(503);
    expect(refused.json().error).toMatch(/All 2 user ids of SANDBOX_UID_RANGE \(70000-70001\)/);
    expect((await fake.call('GET', '/sandbox/w/status')).statusCode).toBe(404);
    expect((await create(fake, 'v')).statusCode).toBe(200);
    expect((await fake.call('POST', '/sandbox/u/execute', { code: 'print(1)' })).json()).toMatchObject({
      success: true,
    });
  });

  it('takes one back from the pool for who asks for something else', async () => {
    const fake = await start({ ...TWO, SANDBOX_POOL_SIZE: '2' });
    await expect.poll(async () => (await fake.call('GET', '/info')).json().pooled_sandboxes).toBe(2);
    expect((await create(fake, 'u', { memory_limit: '256m' })).statusCode).toBe(200);
    expect((await create(fake, 'v', { memory_limit: '256m' })).statusCode).toBe(200);
    expect((await create(fake, 'w')).statusCode).toBe(503);
    // An attempt to fill the pool has a folder until it fails.
    await expect.poll(async () => (await readdir(dataDir)).filter((name) => name.startsWith('pool-'))).toEqual([]);
  });

  it('has room again once a sandbox of the pool is gone', async () => {
    const first = await start({ ...TWO, SANDBOX_POOL_SIZE: '2' });
    await expect.poll(async () => (await first.call('GET', '/info')).json().pooled_sandboxes).toBe(2);
    await first.app.close();
    first.engine.revive();
    const next = await start(TWO, first.engine);
    expect((await create(next, 'u')).statusCode).toBe(200);
    expect((await create(next, 'v')).statusCode).toBe(200);
  });
});

describe('the users of the image', () => {
  it("stand behind the sandbox's own, whose id none of them has", async () => {
    const engine = new FakeEngine();
    engine.images.files['/etc/passwd'] = 'root:x:0:0:root:/root:/bin/bash\napp:x:70000:70000::/app:/bin/sh\n';
    engine.images.files['/etc/group'] = 'root:x:0:\nteam:x:70001:app\n';
    engine.images.files['/bin/bash'] = 'an interpreter';
    const fake = await start({ SANDBOX_UID_RANGE: '70000-70002' }, engine);
    await create(fake, 'u');
    expect(specOf(fake, 'u').user).toEqual({ uid: 70_002, gid: 70_002 });
    expect(await passwdOf('u')).toBe(
      'user:x:70002:70002::/home/user:/bin/bash\nsandbox:x:70002:70002::/home/user:/bin/bash\n' +
        'root:x:0:0:root:/root:/bin/bash\napp:x:70000:70000::/app:/bin/sh\n',
    );
    expect(await readFile(join(folderOf('u'), 'group'), 'utf8')).toBe(
      'user:x:70002:\nsandbox:x:70002:\nroot:x:0:\nteam:x:70001:app\n',
    );
    const bound = specOf(fake, 'u').mounts.filter(({ target }) => ['/etc/passwd', '/etc/group'].includes(target));
    expect(bound).toEqual([
      { source: join(folderOf('u'), 'passwd'), target: '/etc/passwd', isReadOnly: true },
      { source: join(folderOf('u'), 'group'), target: '/etc/group', isReadOnly: true },
    ]);
  });

  it('are read once for each image', async () => {
    const fake = await start();
    for (const user of ['u', 'v', 'w']) await create(fake, user);
    expect(fake.engine.calls.filter((call) => call.startsWith('readImage'))).toHaveLength(1);
  });

  it('are those of another image with its next container', async () => {
    const fake = await start({ ...RANGE, SANDBOX_DOCKER_IMAGES: 'other:latest' });
    await create(fake, 'u');
    const before = await passwdOf('u');
    fake.engine.images.files['/etc/passwd'] = 'root:x:0:0::/:/bin/ash\n';
    await create(fake, 'u', { image: 'other:latest' });
    expect(await passwdOf('u')).not.toBe(before);
    expect(await passwdOf('u')).toMatch(/^user:x:\d+:\d+::\/home\/user:\/bin\/sh\n/);
    expect(await passwdOf('u')).toMatch(/\nroot:x:0:0::\/:\/bin\/ash\n$/);
  });

  it('are asked for again where somebody took away what they were read from', async () => {
    const engine = new FakeEngine();
    const { readImage } = engine;
    let asked = 0;
    engine.readImage = async (reading) => {
      asked += 1;
      if (asked === 1) throw new SandboxError('not_found', 'There is no sandbox.');
      return await readImage.call(engine, reading);
    };
    const fake = await start(RANGE, engine);
    expect((await create(fake, 'u')).statusCode).toBe(200);
    expect(asked).toBe(2);
  });
});

describe('a server that cannot have the users of its sandboxes', () => {
  it('does not start, and names the variable', async () => {
    const engine = new FakeEngine();
    engine.host.userOf = async () => {
      throw new SandboxError('invalid', 'The engine is rootless.');
    };
    await expect(startNativeApp({ SANDBOX_DATA_DIR: dataDir, ...RANGE }, engine)).rejects.toThrow(
      'SANDBOX_UID_RANGE (70000-70099) does not work here. The engine is rootless.',
    );
  });

  it('says so to who asks for a sandbox where the engine answered too late for that', async () => {
    const engine = new FakeEngine();
    engine.down = true;
    const fake = await start(RANGE, engine);
    engine.down = false;
    engine.host.userOf = async () => {
      throw new SandboxError('invalid', 'The engine is rootless.');
    };
    const refused = await create(fake, 'u', { image: 'clara-sandbox:latest' });
    expect(refused.statusCode).toBe(503);
    expect(refused.json().error).toMatch(/SANDBOX_UID_RANGE .* The engine is rootless/);
  });

  it('starts where the engine does not answer, and finds them once it does', async () => {
    const engine = new FakeEngine();
    engine.down = true;
    const fake = await start(RANGE, engine);
    expect((await create(fake, 'u')).statusCode).toBe(503);
    engine.down = false;
    expect((await create(fake, 'u')).statusCode).toBe(200);
  });
});
