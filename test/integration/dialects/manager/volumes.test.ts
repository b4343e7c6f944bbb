import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { keyEntry } from '../../../support/key-entry.ts';
import { ManagerClient } from '../../../support/manager-client.ts';
import { type RealServer, startRealServer } from '../../../support/real-server.ts';
import { IS_GVISOR } from '../../../support/runtime.ts';

const SANDBOXES = '/api/v1/sandboxes';

const OTHER_KEY = 'the key of another';

let server: RealServer;

const manager = new ManagerClient(() => server);

beforeAll(async () => {
  server = await startRealServer({
    SANDBOX_DISK_MECHANISM: 'loop',
    SANDBOX_DISK_LIMIT: '256m',
    SANDBOX_API_KEYS: keyEntry('other', OTHER_KEY),
  });
});

afterAll(() => server.close());

describe('a volume of SandboxClient of New-dev0/Sandbox', () => {
  it('has its size, is read and written by clients and code, and goes with its sandbox', async () => {
    const id = await manager.make({ volumes: { data: { size: '32m', mount_path: '/data' } } });
    const { volumes } = await manager.get(id);
    expect(volumes).toEqual([
      expect.objectContaining({ name: 'data', mount_path: '/data', size: 32, driver: 'local' }),
    ]);
    const { volume_id: volume } = volumes[0];
    const of = (verb: string) => manager.at(id, `/volumes/${volume}/${verb}`);
    expect((await server.call('POST', `${of('mkdir')}?path=/in/here`)).body).toEqual({ status: 'created' });
    const written = await server.call('POST', `${of('write')}?path=/in/here/note.txt`, { content: 'hello ä\n' });
    expect(written.body).toEqual({ status: 'written' });
    expect((await server.call('GET', `${of('read')}?path=/in/here/note.txt`)).body).toEqual({ content: 'hello ä\n' });
    const form = new FormData();
    form.append('file', new Blob(['bytes']), 'up.bin');
    const init = { headers: { 'x-api-key': server.apiKey }, body: form };
    expect((await server.call('POST', `${of('upload')}?path=/in/`, undefined, init)).body).toEqual({
      status: 'uploaded',
    });
    expect((await manager.exec(id, 'cat /data/in/here/note.txt /data/in/up.bin; ls -A /data')).stdout).toBe(
      'hello ä\nbytesin\n',
    );
    expect((await server.call('GET', `/api/v1/volumes/${id}/data/ls?path=/in`)).body).toEqual({
      entries: [
        { name: 'here', type: 'directory' },
        { name: 'up.bin', type: 'file' },
      ],
    });
    expect((await manager.get(id, '/volumes/data/ls?path=/in/here')).entries).toEqual([
      { name: 'note.txt', type: 'file' },
    ]);
    const full = await manager.exec(id, 'head -c 64M /dev/zero > /data/big; ls /data; df -m /data | tail -1');
    expect(full.stderr).toContain('No space left on device');
    expect((await server.call('POST', `${of('write')}?path=/more`, { content: 'x'.repeat(9_000_000) })).status).toBe(
      507,
    );
    await server.call('POST', manager.at(id, '/restart'));
    expect((await manager.exec(id, 'cat /data/in/up.bin')).stdout).toBe('bytes');
    await server.call('DELETE', manager.at(id));
    expect((await server.call('GET', '/api/v1/volumes/network')).body).toEqual({ volumes: [] });
  });

  it('of the network is written by all that mount it, and is kept', async () => {
    const volume = '/api/v1/volumes/network';
    expect((await server.call('POST', volume, { name: 'shared', size: '32m' })).body).toEqual({
      volume_name: 'shared',
    });
    expect((await server.call('POST', volume, { name: 'shared', size: '32m' })).status).toBe(409);
    const one = await manager.make({ volumes: { shared: { network: true, mount_path: '/srv/shared' } } });
    const other = await manager.make({});
    await manager.exec(other, 'echo kept > /workspace/kept');
    const mounted = await server.call('POST', manager.at(other, '/volumes/shared/mount?mount_path=/data'));
    expect(mounted.body).toEqual({ status: 'mounted' });
    expect((await manager.exec(other, 'cat /workspace/kept')).stdout).toBe('kept\n');
    await manager.exec(one, 'mkdir /srv/shared/folder && echo one > /srv/shared/folder/file');
    expect(
      (await manager.exec(other, 'echo other >> /data/folder/file && rm -r /data/nothing; cat /data/folder/file'))
        .stdout,
    ).toBe('one\nother\n');
    expect((await manager.exec(one, 'cat /srv/shared/folder/file && rm -r /srv/shared/folder')).exit_code).toBe(0);
    // A program that sets its umask itself shares what it makes all the same.
    await manager.exec(one, 'umask 077; mkdir /srv/shared/own && echo one > /srv/shared/own/file');
    expect(
      (await manager.exec(other, 'echo other >> /data/own/file && echo more > /data/own/more; id -u')).exit_code,
    ).toBe(0);
    const own = (await manager.exec(one, 'cat /srv/shared/own/file && rm -r /srv/shared/own')).stdout;
    // gVisor knows no access lists, by which that is so.
    expect(own).toBe(IS_GVISOR ? 'one\n' : 'one\nother\n');
    expect((await server.call('DELETE', `${volume}/shared`)).status).toBe(409);
    expect((await server.call('POST', manager.at(other, '/volumes/shared/unmount'))).body).toEqual({
      status: 'unmounted',
    });
    expect(await manager.get(other)).toMatchObject({ volumes: [], container_id: other });
    await manager.exec(one, 'echo still > /srv/shared/there');
    await server.call('DELETE', manager.at(one));
    const third = await manager.make({ volumes: { shared: { network: true } } });
    expect((await manager.exec(third, 'cat /mnt/shared/there')).stdout).toBe('still\n');
    await server.call('DELETE', manager.at(third));
    await server.call('DELETE', manager.at(other));
    expect((await server.call('DELETE', `${volume}/shared`)).body).toEqual({ status: 'deleted' });
  });

  it.each([
    ['15m', 422],
    ['257m', 422],
    ['16m', 200],
  ])(
    'has 16 MiB to the limit of a disk, and half a GiB or that limit where nobody says: %s is %d',
    async (size, status) => {
      const made = await server.call('POST', SANDBOXES, { image: 'python:3.9', volumes: { a: { size }, b: {} } });
      expect(made.status).toBe(status);
      if (status === 422) expect(made.body).toEqual({ detail: expect.stringContaining('16m to 256m') });
      else {
        expect(made.body.volumes.map(({ size: mib }: { size: number }) => mib)).toEqual([16, 256]);
        await server.call('DELETE', manager.at(made.body.container_id));
      }
    },
  );

  it('of the network is one of 32 at the most, each of its key alone', async () => {
    const url = '/api/v1/volumes/network';
    const headers = { 'content-type': 'application/json' };
    const ask = (method: string, path: string, key: string, body?: object) =>
      server.call(method, path, body, { headers: { ...headers, 'x-api-key': key } });
    const create = (number: number, key = server.apiKey) => ask('POST', url, key, { name: `v${number}`, size: '16m' });
    const made = await Promise.all(Array.from({ length: 33 }, (_, number) => create(number)));
    expect(made.filter(({ status }) => status === 200)).toHaveLength(32);
    expect(made.filter(({ status }) => status !== 200)).toEqual([
      expect.objectContaining({ status: 409, body: { detail: expect.stringContaining('32') } }),
    ]);
    expect((await ask('GET', url, server.apiKey)).body.volumes).toHaveLength(32);
    expect((await ask('GET', url, OTHER_KEY)).body).toEqual({ volumes: [] });
    expect((await ask('DELETE', `${url}/v0`, OTHER_KEY)).status).toBe(404);
    expect((await create(0, OTHER_KEY)).status).toBe(200);
    const mine = await manager.make({});
    const mount = await ask('POST', manager.at(mine, '/volumes/v40/mount'), server.apiKey);
    expect([mount.status, mount.body]).toEqual([404, { detail: expect.stringContaining('v40') }]);
    const [{ name }] = (await ask('GET', url, server.apiKey)).body.volumes;
    expect((await ask('DELETE', `${url}/${name}`, server.apiKey)).body).toEqual({ status: 'deleted' });
    expect((await create(40)).status).toBe(200);
    expect((await create(41)).status).toBe(409);
  });
});
