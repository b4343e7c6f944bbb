import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openTrust } from '../../../../../src/engines/incus/cluster/trust.ts';
import { FakeCluster } from '../../../../fakes/fake-cluster.ts';

describe('a token of trust, which is good once', () => {
  let root: string;
  let folder: string;
  let cluster: FakeCluster;
  let token: string;

  beforeEach(async () => {
    root = await mkdtemp(join(tmpdir(), 'clara-trust-'));
    folder = join(root, 'incus');
    cluster = await FakeCluster.form(['node1']);
    token = cluster.token();
  });
  afterEach(async () => {
    await cluster.close();
    await rm(root, { recursive: true });
  });

  const open = async (more: string | null = token) =>
    await openTrust({ urls: [cluster.urlOf('node1')], project: 'p', folder, token: more });
  const presented = () => cluster.changes.filter((change) => change === 'POST /1.0/certificates').length;

  it('makes Incus trust this server, which needs it no more then', async () => {
    const trust = await open();
    expect(await open(null)).toEqual(trust);
    expect(presented()).toBe(1);
  });

  it('is not spent where the certificates cannot be kept', async () => {
    await mkdir(join(folder, 'client.key.new'), { recursive: true });
    await expect(open()).rejects.toMatchObject({ kind: 'unavailable', message: expect.stringContaining(folder) });
    expect(presented()).toBe(0);
    await rm(folder, { recursive: true });
    await open();
    expect(presented()).toBe(1);
  });

  it('that a start has spent which ended then is good for the certificate that it was spent for', async () => {
    const trust = await open();
    await rm(join(folder, 'server.crt'));
    expect(await open()).toEqual(trust);
    expect(presented()).toBe(1);
  });

  it('that was not taken yet is presented with the key that was kept for it', async () => {
    const { key } = await open();
    const [clientKey, clientCertificate] = await Promise.all(
      ['client.key', 'client.crt'].map((name) => readFile(join(folder, name), 'utf8')),
    );
    const other = await FakeCluster.form(['node1']);
    try {
      folder = join(root, 'other');
      await mkdir(folder);
      await writeFile(join(folder, 'client.key'), clientKey ?? '');
      await writeFile(join(folder, 'client.crt'), clientCertificate ?? '');
      const url = other.urlOf('node1');
      const trust = await openTrust({ urls: [url], project: 'p', folder, token: other.token() });
      expect(trust.key).toBe(key);
      expect((await readdir(folder)).sort()).toEqual(['client.crt', 'client.key', 'server.crt']);
    } finally {
      await other.close();
    }
  });
});
