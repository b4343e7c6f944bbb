import { Mutex } from '../async/mutex.ts';
import type { Principal } from '../auth/principal.ts';
import { SandboxError } from '../base/errors.ts';
import type { SandboxAddress } from '../base/sandbox-address.ts';
import type { Config } from '../config/config.ts';
import type { SandboxRef } from './asked/ref.ts';
import { type Changes, requireExisting } from './changes/changes.ts';
import type { Catalog, CatalogEntry } from './registry/catalog.ts';
import type { SandboxRecord } from './storage/record.ts';
import type { SandboxStore } from './storage/store.ts';

/** Networks of one principal. */
const MAX_NETWORKS = 16;

interface NetworksParts {
  readonly config: Pick<Config, 'network'>;
  readonly catalog: Catalog;
  readonly changes: Changes;
  readonly store: SandboxStore;
}

/** A network, and the sandboxes that are connected to it. */
export interface Network {
  readonly name: string;
  readonly sandboxes: readonly { readonly name: string | null; readonly address: SandboxAddress }[];
}

/** Networks by name, each of one principal: sandboxes that are connected to one find each other by their names. A network lives as long as a sandbox is connected to it. */
export class Networks {
  /** Told when a sandbox is no longer connected to a network. */
  onLeft: () => Promise<void> = async () => undefined;
  readonly #parts: NetworksParts;
  readonly #changing = new Mutex();

  constructor(parts: NetworksParts) {
    this.#parts = parts;
  }

  /** Connects a sandbox, running or not; throws `conflict` where there are no ways out to carry it, for another principal's name, and for one too many. */
  async connect(ref: SandboxRef, name: string): Promise<void> {
    const { network } = this.#parts.config;
    await this.#parts.changes.findExisting(ref);
    if (network !== 'proxy') {
      const sentence = `Networks need the proxies of sandboxes, which SANDBOX_NETWORK=${network} leaves out; the operator sets it to proxy.`;
      throw new SandboxError('conflict', sentence);
    }
    await this.#changing.run(async () => {
      await this.#requireFree(ref.principal, name);
      await this.#change(ref, (networks) => [...networks.filter((one) => one !== name), name]);
    });
  }

  /** Ends that, and the connections that were made by it; throws `not_found` where the sandbox is not connected. */
  async disconnect(ref: SandboxRef, name: string): Promise<void> {
    await this.#changing.run(() =>
      this.#change(ref, (networks) => {
        if (networks.includes(name)) return networks.filter((one) => one !== name);
        throw new SandboxError('not_found', `The sandbox is not connected to a network ${name}.`);
      }),
    );
    await this.onLeft();
  }

  /** The networks of a principal by name, each with its sandboxes, oldest first. */
  async list(principal: Principal): Promise<readonly Network[]> {
    const own = (await this.#connected()).filter((entry) => entry.createdBy === principal.name);
    own.sort((one, other) => one.createdAtMs - other.createdAtMs);
    const names = [...new Set(own.flatMap(({ networks }) => networks))].sort();
    return names.map((name) => ({
      name,
      sandboxes: own
        .filter(({ networks }) => networks.includes(name))
        .map((entry) => ({ name: entry.name, address: entry.address })),
    }));
  }

  /** Disconnects all sandboxes of a network; throws `not_found` where the principal has none of that name. */
  async remove(principal: Principal, name: string): Promise<void> {
    const found = (await this.list(principal)).find((network) => network.name === name);
    if (!found) throw new SandboxError('not_found', `There is no network ${name}; connecting a sandbox makes one.`);
    for (const { address } of found.sandboxes) await this.disconnect({ address, principal }, name);
  }

  /** The sandbox that another one reaches by this name, in any case of its letters; null where no network has both. */
  async peerOf(sandboxId: string, name: string): Promise<(SandboxRef & { readonly id: string }) | null> {
    const from = await this.#parts.catalog.find(sandboxId);
    if (!from || from.networks.length === 0) return null;
    const wanted = name.toLowerCase();
    const peers = (await this.#connected()).filter(
      (entry) => entry.name?.toLowerCase() === wanted && isShared(from, entry),
    );
    const found = peers.find((entry) => entry.name === name) ?? peers[0];
    if (!found) return null;
    const principal = { name: found.createdBy ?? '', userPrefix: '', maxSandboxes: null };
    return { id: found.id, address: found.address, principal };
  }

  /** True where a network has both sandboxes. */
  async areConnected(oneId: string, otherId: string): Promise<boolean> {
    const { catalog } = this.#parts;
    const [one, other] = [await catalog.find(oneId), await catalog.find(otherId)];
    return one !== undefined && other !== undefined && isShared(one, other);
  }

  async #connected(): Promise<CatalogEntry[]> {
    return [...(await this.#parts.catalog.all())].filter(({ networks }) => networks.length > 0);
  }

  async #requireFree({ name: principal }: Principal, name: string): Promise<void> {
    const all = await this.#connected();
    if (all.some((entry) => entry.createdBy !== principal && entry.networks.includes(name))) {
      throw new SandboxError('conflict', `The name ${name} is in use for a network; choose another.`);
    }
    const own = new Set(all.filter((entry) => entry.createdBy === principal).flatMap(({ networks }) => networks));
    if (own.has(name) || own.size < MAX_NETWORKS) return;
    throw new SandboxError('conflict', `A key has ${MAX_NETWORKS} networks at the most; disconnect one first.`);
  }

  async #change(ref: SandboxRef, change: (networks: SandboxRecord['networks']) => string[]): Promise<void> {
    const { changes, store } = this.#parts;
    const sandbox = await changes.findExisting(ref);
    await changes.exclusively(sandbox, async () => {
      requireExisting(sandbox);
      if (!sandbox.record) return;
      sandbox.record = { ...sandbox.record, networks: change(sandbox.record.networks) };
      await store.write(sandbox.record);
    });
  }
}

function isShared(one: CatalogEntry, other: CatalogEntry): boolean {
  return one.createdBy === other.createdBy && one.networks.some((name) => other.networks.includes(name));
}
