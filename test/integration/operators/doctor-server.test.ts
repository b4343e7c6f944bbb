import { mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Doctor, GOOD_KEY, openDoctor } from '../../support/doctor.ts';
import { type RealServer, startRealServer } from '../../support/real-server.ts';
import { until } from '../../support/until.ts';

let doctor: Doctor;

beforeEach(async () => {
  doctor = await openDoctor();
});

afterEach(() => doctor.close());

async function listen(): Promise<{ port: string; close(): Promise<void> }> {
  const server = createServer((_, response) => response.end('somebody else'));
  await new Promise<void>((resolve) => server.listen(0, '0.0.0.0', resolve));
  const { port } = server.address() as AddressInfo;
  return { port: String(port), close: () => new Promise((resolve) => server.close(() => resolve())) };
}

describe('npm run doctor, where a server runs or did', () => {
  it('tells a port that another program has from one that the server has', async () => {
    const other = await listen();
    try {
      const { text } = await doctor.look(doctor.good(`SANDBOX_API_PORT=${other.port}`));
      expect(text).toMatch(/^fail +port: \d+ is taken by another program/m);
    } finally {
      await other.close();
    }
    const server: RealServer = await startRealServer();
    try {
      const place = `SANDBOX_API_HOST=127.0.0.1\nSANDBOX_API_PORT=${new URL(server.url).port}`;
      const { text } = await doctor.look(`SANDBOX_API_KEY=${GOOD_KEY}\nSANDBOX_DATA_DIR=${server.dataDir}\n${place}`);
      expect(text).toMatch(/^ok +port: \d+ is this server's/m);
      expect(text).toMatch(/^ok +server: It runs, version 0\.0\.0-test, and warns of nothing/m);
      const another = await doctor.look(doctor.good(place));
      expect(another.text).toMatch(/^fail +port: \d+ is taken by a server of another data folder/m);
      expect(another.text).toMatch(/^ok +server: None answers/m);
    } finally {
      await server.close();
    }
  });

  it('says what a server that runs warns of', async () => {
    const server = await startRealServer({
      SANDBOX_DOCKER_IMAGE: 'absent:1',
      SANDBOX_DISK_RESERVE: '900t',
      // Another runtime would be tried at the start, with that image.
      SANDBOX_DOCKER_RUNTIME: 'runc',
    });
    try {
      await until('the server warns', async () => Boolean((await server.call('GET', '/health')).body.warnings));
      const place = `SANDBOX_API_HOST=127.0.0.1\nSANDBOX_API_PORT=${new URL(server.url).port}`;
      const { text } = await doctor.look(`SANDBOX_API_KEY=${GOOD_KEY}\nSANDBOX_DATA_DIR=${server.dataDir}\n${place}`);
      expect(text).toMatch(/^warn +server: The image of new sandboxes is not on this machine/m);
      expect(text).toMatch(/^warn +server: .* less free than SANDBOX_DISK_RESERVE/m);
    } finally {
      await server.close();
    }
  });

  it('finds a server that has the data folder and listens elsewhere than the settings say', async () => {
    const server = await startRealServer();
    try {
      const { code, text } = await doctor.look(`SANDBOX_API_KEY=${GOOD_KEY}\nSANDBOX_DATA_DIR=${server.dataDir}`);
      expect(text).toMatch(
        /^fail +other server: Another server has \S+, .*\n +To mend: fuser -v \S+ names its process/m,
      );
      expect(code).toBe(1);
      const { port } = new URL(server.url);
      const known = `SANDBOX_DATA_DIR=${server.dataDir}\nSANDBOX_API_HOST=127.0.0.1\nSANDBOX_API_PORT=${port}`;
      expect((await doctor.look(known)).text).toMatch(/^ok +other server: /m);
      expect((await server.call('GET', '/health')).body).toMatchObject({ status: 'healthy' });
    } finally {
      await server.close();
    }
  });

  it('tells a data folder that was moved from a copy of one that is still there', async () => {
    const [here, before] = [join(doctor.folder, 'data'), join(doctor.folder, 'before')];
    const place = async () => (await doctor.look(doctor.good())).text;
    for (const path of [here, before]) await mkdir(path);
    await writeFile(join(here, 'instance'), '0123456789ab');
    await writeFile(join(here, 'place'), before);
    expect(await place()).toMatch(/^ok +place: \S+data was \S+before\. /m);
    await writeFile(join(before, 'instance'), '0123456789ab');
    expect(await place()).toMatch(/^warn +place: \S+data is a copy of \S+before, which is still there/m);
    await writeFile(join(here, 'place'), here);
    expect(await place()).toMatch(/^ok +place: \S+data is where it was\.$/m);
  });
});
