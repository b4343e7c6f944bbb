import { createHash, X509Certificate } from 'node:crypto';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import type { IncomingMessage } from 'node:http';
import { createServer, type Server } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TLSSocket } from 'node:tls';
import { type Certificate, makeCertificate } from '../support/certificate.ts';
import { Refusal, type Reply, type Request, toRequest } from '../support/incus-machines/answers.ts';

/** A volume as the cluster's database has it. */
export interface ClusterVolume {
  readonly name: string;
  readonly location: string;
  readonly config: Record<string, string>;
  readonly used_by: readonly string[];
}

/** What the database says of an instance. */
export interface ClusterInstance {
  readonly name: string;
  readonly location: string;
  readonly status: string;
  readonly config: Record<string, string>;
}

/** The part of Incus' API that tells where things are in a cluster, over TLS, with one database for all of its members. */
export class FakeCluster {
  volumes: ClusterVolume[] = [];
  instances: ClusterInstance[] = [];
  /** How much of its pool a member has used, of 100 GiB each. */
  readonly usedBytes = new Map<string, number>();
  /** Each call that changes something, as `METHOD path`. */
  readonly changes: string[] = [];
  readonly #folder: string;
  readonly #servers = new Map<string, Server>();
  readonly #secrets = new Set<string>();
  readonly #trusted = new Set<string>();
  #own: Certificate = { key: '', certificate: '' };

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Forms one of these members. */
  static async form(names: readonly string[]): Promise<FakeCluster> {
    const cluster = new FakeCluster(await mkdtemp(join(tmpdir(), 'clara-fake-cluster-')));
    cluster.#own = await makeCertificate('cluster', cluster.#folder);
    for (const name of names) await cluster.add(name);
    return cluster;
  }

  /** Takes another one in. */
  async add(name: string): Promise<void> {
    const { key, certificate: cert } = this.#own;
    const tls = { key, cert, requestCert: true, rejectUnauthorized: false };
    const server = createServer(tls, async (request, response) => {
      const { status, headers, body } = await toRequest(request, (asked) => this.#answer(request, asked));
      response.writeHead(status, headers).end(body);
    });
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    this.#servers.set(name, server);
  }

  /** The address of a member. */
  urlOf(name: string): string {
    const address = this.#servers.get(name)?.address();
    if (!address || typeof address === 'string') throw new Error(`There is no member ${name}.`);
    return `https://127.0.0.1:${address.port}`;
  }

  /** Who is trusted is told so once, with this. */
  token(): string {
    const secret = `secret-${this.#secrets.size}`;
    this.#secrets.add(secret);
    const fingerprint = createHash('sha256').update(new X509Certificate(this.#own.certificate).raw).digest('hex');
    return Buffer.from(JSON.stringify({ fingerprint, secret })).toString('base64');
  }

  /** Has an operator remove a member that is gone, with all that the database has of it. */
  async lose(name: string): Promise<void> {
    const server = this.#servers.get(name);
    this.#servers.delete(name);
    this.instances = this.instances.filter(({ location }) => location !== name);
    this.volumes = this.volumes.filter(({ location }) => location !== name);
    if (server) await end(server);
  }

  async close(): Promise<void> {
    for (const server of this.#servers.values()) await end(server);
    await rm(this.#folder, { recursive: true });
  }

  async #answer(message: IncomingMessage, { method, path, query, body }: Request): Promise<Reply> {
    const { raw } = (message.socket as TLSSocket).getPeerCertificate();
    const client = raw ? createHash('sha256').update(raw).digest('hex') : '';
    const isTrusted = this.#trusted.has(client);
    const [, , kind, first, ...rest] = path.split('/');
    if (method !== 'GET') this.changes.push(`${method} ${path}`);
    if (kind === 'certificates') return this.#trust(client, body);
    if (kind === undefined)
      return { auth: isTrusted ? 'trusted' : 'untrusted', environment: { server_clustered: true } };
    if (!isTrusted) throw new Refusal(403, 'not authorized');
    if (kind === 'cluster') return this.#members();
    if (kind === 'instances') return first === undefined ? this.instances : this.#instance(first);
    if (kind === 'storage-pools' && rest[0] === 'resources') return this.#resources(query.get('target') ?? '');
    if (kind === 'storage-pools') return this.#volume(method, query, body, rest[2]);
    throw new Refusal(404, `Nothing is at ${path}`);
  }

  #trust(client: string, { trust_token: token }: { readonly trust_token?: string }): Reply {
    const { secret }: { secret: string } = JSON.parse(Buffer.from(token ?? '', 'base64').toString());
    if (!this.#secrets.delete(secret)) throw new Refusal(403, 'not authorized');
    this.#trusted.add(client);
    return {};
  }

  #members(): Reply {
    return [...this.#servers.keys()].map((name) => ({ server_name: name, url: this.urlOf(name), status: 'Online' }));
  }

  #instance(name: string): Reply {
    const found = this.instances.find((one) => one.name === name);
    if (!found) throw new Refusal(404, 'Instance not found');
    return found;
  }

  #resources(member: string): Reply {
    return { space: { used: this.usedBytes.get(member) ?? 0, total: 100 * 2 ** 30 } };
  }

  #volume(
    method: string,
    query: URLSearchParams,
    body: { readonly name: string; readonly config: Record<string, string> },
    name: string | undefined,
  ): Reply {
    const target = query.get('target') ?? '';
    if (name === undefined && method === 'POST') {
      this.volumes.push({ name: body.name, location: target, config: { ...body.config }, used_by: [] });
      return {};
    }
    if (name === undefined) {
      const wanted = /^name eq (.+)$/.exec(query.get('filter') ?? '')?.[1];
      return this.volumes.filter((volume) => wanted === undefined || volume.name === wanted);
    }
    const found = this.volumes.find((volume) => volume.name === name && volume.location === target);
    if (!found) throw new Refusal(404, 'Storage volume not found');
    if (method === 'PATCH') Object.assign(found.config, body.config);
    if (method === 'DELETE') this.volumes = this.volumes.filter((volume) => volume !== found);
    return {};
  }
}

async function end(server: Server): Promise<void> {
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
}
