import { randomUUID } from 'node:crypto';
import Docker from 'dockerode';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { type RealServer, startRealServer } from '../../support/real-server.ts';

const docker = new Docker();
const image = `clara-test-volume:${randomUUID()}`;
let server: RealServer;

/** An image with a volume where every user may write. */
beforeAll(async () => {
  const base = process.env.CLARA_TEST_IMAGE ?? 'clara-sandbox:latest';
  const container = await docker.createContainer({
    Image: base,
    User: 'root',
    Cmd: ['mkdir', '-m', '1777', '/volume'],
  });
  await container.start();
  await container.wait();
  const [repo, tag] = image.split(':');
  await container.commit({ repo, tag, changes: 'VOLUME /volume' });
  await container.remove();
  server = await startRealServer({ SANDBOX_DISK_LIMIT: '64m', SANDBOX_DOCKER_IMAGES: image });
});

afterAll(async () => {
  await server.close();
  await docker.getImage(image).remove();
});

const WRITE = 'head -c 100M /dev/zero > /volume/big && echo written';

describe('a volume of an image, whose bytes no limit of a sandbox holds', () => {
  it('takes what is written in a plain container, and nothing in a sandbox', async () => {
    const plain = await docker.createContainer({
      Image: image,
      Entrypoint: ['sh', '-c', WRITE],
      Cmd: [],
      HostConfig: { ReadonlyRootfs: true, NetworkMode: 'none' },
    });
    await plain.start();
    expect((await plain.wait()).StatusCode).toBe(0);
    await plain.remove({ v: true });
    expect((await server.call('POST', '/sandbox/u/create', { image })).status).toBe(200);
    const { body } = await server.shell('u', WRITE);
    expect(body).toMatchObject({ success: false, output: '' });
    expect(body.error).toMatch(/Read-only file system|Permission denied/);
    expect((await server.shell('u', 'head -c 1M /dev/zero > a && stat -c %s a')).body.output).toBe('1048576\n');
    await server.call('POST', '/sandbox/u/restart');
    expect((await server.shell('u', `stat -c %s a; ${WRITE}`)).body).toMatchObject({ output: '1048576\n' });
  });
});
