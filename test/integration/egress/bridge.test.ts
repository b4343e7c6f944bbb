import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import Docker from 'dockerode';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createDockerEngine } from '../../../src/engines/docker/docker-engine.ts';
import type { EngineId } from '../../../src/engines/engine.ts';
import { specFor } from '../../contract/spec-for.ts';
import { runBare } from '../../support/bare-container.ts';
import { withDistantHost } from '../../support/distant-host.ts';
import { startNeighbour } from '../../support/neighbour.ts';
import { withOwnAddress } from '../../support/own-address.ts';
import { hasNetworkCards } from '../../support/runtime.ts';

/** Where some clouds have a metadata service. */
const METADATA_ADDRESS = '169.254.170.23';

/** A host that stands for one of the Internet, and this machine's address on its link. */
const DISTANT = { host: '25.25.26.2', gateway: '25.25.26.1' };

const IMAGE = process.env.CLARA_TEST_IMAGE ?? 'clara-sandbox:latest';
const docker = new Docker();
const engine = createDockerEngine();
const labels = { 'clara-test.run': randomUUID() };

/** Something of this machine that listens on all its addresses. */
let service: Server;
let port: number;

beforeAll(async () => {
  service = createServer((_request, response) => response.end('of this machine'));
  service.listen(0, '0.0.0.0');
  await once(service, 'listening');
  port = (service.address() as AddressInfo).port;
});
afterEach(async () => {
  for (const { id } of await engine.list(labels)) await engine.remove(id);
});
afterAll(async () => {
  await engine.close();
  service.closeAllConnections();
  await new Promise((resolve) => service.close(resolve));
});

const bridge = (pool = '10.213.0.0/16') =>
  ({ mode: 'bridge', name: `clara-test-${randomUUID()}`, pool, nameservers: ['192.0.2.53'] }) as const;

async function started(
  network = bridge(),
): Promise<{ id: EngineId; network: typeof network; address: string; gateway: string }> {
  const id = await engine.create(specFor(IMAGE, labels, { network }));
  await engine.start(id);
  const { NetworkSettings } = await docker.getContainer(id).inspect();
  const card = NetworkSettings.Networks[network.name];
  return { id, network, address: card?.IPAddress ?? '', gateway: card?.Gateway ?? '' };
}

async function shell(id: EngineId, script: string): Promise<string> {
  const { stream } = await engine.exec(id, ['bash', '-c', script]);
  stream.end();
  return (await text(stream)).trim();
}

/** Where packets are thrown away there is no connection; what listens may take its time on a busy machine. */
const fetchFrom = (id: EngineId, target: string) =>
  shell(id, `curl -s --connect-timeout 3 -m 60 http://${target}/ || echo none`);
const networksNamed = async (name: string) => (await docker.listNetworks()).filter(({ Name }) => Name === name);

describe('a bridge network', () => {
  it('belongs to one sandbox, has a small subnet of the pool, and goes with it', async () => {
    const [one, two] = await Promise.all([started(), started()]);
    expect(one.address).toMatch(/^10\.213\./);
    expect(one.gateway).not.toBe(two.gateway);
    const [network] = await networksNamed(one.network.name);
    expect(network?.IPAM?.Config?.[0]?.Subnet).toMatch(/^10\.213\.\d+\.\d+\/29$/);
    const cards = await shell(one.id, 'tail -n +3 /proc/net/dev | cut -d : -f 1 | tr -d " " | sort | xargs');
    expect(cards.split(' ')).toEqual((await hasNetworkCards()) ? expect.arrayContaining(['eth0']) : ['lo']);
    await engine.remove(one.id);
    expect(await networksNamed(one.network.name)).toEqual([]);
    expect(await networksNamed(two.network.name)).toHaveLength(1);
  });

  it('is there for more sandboxes than the engine has networks of its own to give', async () => {
    const made = await Promise.all(
      Array.from({ length: 35 }, () => engine.create(specFor(IMAGE, labels, { network: bridge() }))),
    );
    expect(new Set(made).size).toBe(35);
  }, 180_000);

  it('says so where the pool is used up, and leaves nothing behind', async () => {
    await started(bridge('10.214.0.0/29'));
    const network = bridge('10.214.0.0/29');
    await expect(started(network)).rejects.toMatchObject({
      kind: 'unavailable',
      message: expect.stringContaining('SANDBOX_BRIDGE_POOL'),
    });
    expect(await networksNamed(network.name)).toEqual([]);
  });

  it('is removed where its sandbox cannot be made', async () => {
    const network = bridge();
    await expect(engine.create(specFor('absent:latest', labels, { network }))).rejects.toMatchObject({
      kind: 'invalid',
    });
    expect(await networksNamed(network.name)).toEqual([]);
  });

  it('is not taken from another program', async () => {
    const network = bridge();
    const other = await docker.createNetwork({ Name: network.name });
    await expect(started(network)).rejects.toMatchObject({ kind: 'conflict' });
    await other.remove();
  });

  it('goes with a sandbox that was renamed', async () => {
    const { id, network } = await started();
    await engine.rename(id, `clara-test-${randomUUID()}`);
    await engine.remove(id);
    expect(await networksNamed(network.name)).toEqual([]);
  });
});

describe('from a sandbox on a bridge of its own', () => {
  it('neither this machine nor its containers are reached, which are from a bridge that nobody protects', async () => {
    const open = await startNeighbour();
    expect(await engine.host?.closeToBridges()).toBeNull();
    const { id, gateway } = await started();
    expect(await fetchFrom(open.id, `${open.gateway}:${port}`)).toBe('of this machine');
    expect(await fetchFrom(open.id, `${gateway}:${port}`)).toBe('of this machine');
    for (const target of [`${gateway}:${port}`, `${open.gateway}:${port}`, `${open.address}:8000`]) {
      expect(await fetchFrom(id, target)).toBe('none');
    }
    await open.stop();
  });

  it('no neighbour is reached, as those are who share a bridge', async () => {
    const open = await startNeighbour();
    const fetch = `import urllib.request as r; print(r.urlopen('http://${open.address}:8000/').status)`;
    expect(await runBare(fetch, { NetworkMode: open.network })).toBe('200\n');
    await open.stop();
    const [one, two] = await Promise.all([started(), started()]);
    const { stream } = await engine.exec(two.id, ['python3', '-u', '-c', 'import http.server as h; h.test(port=8000)']);
    await once(stream, 'data');
    expect(await fetchFrom(two.id, '127.0.0.1:8000')).not.toBe('none');
    expect((await fetchFrom(two.id, `${two.address}:8000`)) !== 'none').toBe(await hasNetworkCards());
    expect(await fetchFrom(one.id, `${two.address}:8000`)).toBe('none');
    stream.destroy();
  });

  it('metadata and private networks are refused on the spot', async () => {
    const { id } = await started();
    const code = 'curl -s -m 3 -o /dev/null http://$target/; echo $?';
    for (const target of ['169.254.169.254', '10.0.0.1', '192.168.1.1', '172.31.0.1', '100.64.0.1', '192.0.2.2']) {
      // 7: refused or unreachable, not 28, a time-out somewhere on the way.
      expect(await shell(id, `target=${target}; ${code}`)).toBe('7');
    }
    const open = await startNeighbour();
    await withOwnAddress(METADATA_ADDRESS, async () => {
      expect(await fetchFrom(open.id, `${METADATA_ADDRESS}:${port}`)).toBe('of this machine');
      expect(await fetchFrom(id, `${METADATA_ADDRESS}:${port}`)).toBe('none');
    });
    await open.stop();
  });

  it('a host of the Internet is reached on its ports, but for that of mail servers', async () => {
    const { id } = await started();
    await withDistantHost(DISTANT, [25, 26], async () => {
      const greet = (port: number) => shell(id, `exec 3<>/dev/tcp/${DISTANT.host}/${port} && cat <&3 || echo none`);
      expect(await greet(26)).toBe((await hasNetworkCards()) ? '220 distant' : 'none');
      expect(await greet(25)).toBe('none');
    });
  });
});
