import { createHash } from 'node:crypto';
import { networkInterfaces } from 'node:os';
import type { NetworkInspectInfo } from 'dockerode';
import { SandboxError } from '../../base/errors.ts';
import { type Cidr, parseAddress, parseCidr, toIPv4 } from '../../base/ip-address.ts';
import type { EngineNetwork } from '../engine.ts';
import type { DockerCalls } from './docker-calls.ts';
import { statusOf } from './errors.ts';
import { BRIDGE_PREFIX, closeHostToBridges } from './firewall.ts';
import { freeSubnets } from './subnets.ts';

const ISOLATION_OPTION = 'com.docker.network.bridge.enable_icc';
const NAME_OPTION = 'com.docker.network.bridge.name';
const LABEL = 'clara-sandbox.network';

/** How often another server may take a subnet first. */
const MAX_ATTEMPTS = 32;

/** How old a network without a container must be to count as left behind: one that is young may be getting its container. */
const LEFT_BEHIND_MS = 300_000;

type Bridge = Extract<EngineNetwork, { mode: 'bridge' }>;

/** Bridge networks with one member each: made with the sandbox, removed with it. */
export class BridgeNetworks {
  readonly #calls: DockerCalls;
  #swept: Promise<void> | undefined;
  /** The check of the firewall that is under way: sandboxes that are made at the same time share it. */
  #closing: Promise<unknown> | undefined;

  constructor(calls: DockerCalls) {
    this.#calls = calls;
  }

  /** Makes a sandbox's network; one that is left of an earlier sandbox of that name is used again, anybody else's is a `conflict`. */
  async make(bridge: Bridge): Promise<void> {
    this.#closing ??= closeHostToBridges().finally(() => {
      this.#closing = undefined;
    });
    await this.#closing;
    this.#swept ??= this.#sweep().catch(() => undefined);
    await this.#swept;
    const all = await this.#list();
    const taken = all.find(({ Name }) => Name === bridge.name);
    if (taken?.Labels?.[LABEL] !== undefined) return;
    if (taken)
      throw new SandboxError('conflict', `There is a Docker network ${bridge.name} already, of another program.`);
    let attempts = 0;
    for (const subnet of freeSubnets(toPool(bridge.pool), [...all.flatMap(rangesOf), ...ownRanges()], bridge.name)) {
      if (await this.#makeOn(bridge.name, subnet)) return;
      attempts += 1;
      if (attempts >= MAX_ATTEMPTS) break;
    }
    throw new SandboxError(
      'unavailable',
      `No subnet of ${bridge.pool} is free; SANDBOX_BRIDGE_POOL takes a larger one.`,
    );
  }

  /** Removes the network of a sandbox that is gone; does nothing to networks that were not made for one. */
  async remove(name: string): Promise<void> {
    const found = (await this.#list()).filter(({ Name, Labels }) => Name === name && Labels?.[LABEL] !== undefined);
    for (const { Id } of found) await this.#removeById(Id);
  }

  /** False where the subnet was taken in the meantime. */
  async #makeOn(name: string, subnet: string): Promise<boolean> {
    try {
      await this.#calls.run({ doing: `make the network ${name}` }, (docker, abortSignal) =>
        docker.createNetwork({
          Name: name,
          CheckDuplicate: true,
          Driver: 'bridge',
          IPAM: { Config: [{ Subnet: subnet }] },
          Options: { [ISOLATION_OPTION]: 'false', [NAME_OPTION]: toInterface(name) },
          Labels: { [LABEL]: 'true' },
          abortSignal,
        }),
      );
      return true;
    } catch (error) {
      // 403: another network overlaps with it; 409: somebody has just made it.
      const status = statusOf(error);
      if (status === 409) return true;
      if (status === 403) return false;
      throw error;
    }
  }

  async #list(): Promise<NetworkInspectInfo[]> {
    return await this.#calls.run({ doing: 'list networks' }, (docker, abortSignal) =>
      docker.listNetworks({ abortSignal }),
    );
  }

  /** Removes what servers that died left behind: networks of sandboxes that no container, running or not, belongs to. */
  async #sweep(): Promise<void> {
    const networks = (await this.#list()).filter(({ Labels }) => Labels?.[LABEL] !== undefined);
    const containers = await this.#calls.run({ doing: 'list containers' }, (docker, abortSignal) =>
      docker.listContainers({ all: true, abortSignal }),
    );
    const inUse = new Set(containers.flatMap(({ HostConfig }) => HostConfig.NetworkMode));
    for (const { Id, Name, Created } of networks) {
      if (!inUse.has(Name) && Date.now() - Date.parse(Created) > LEFT_BEHIND_MS) await this.#removeById(Id);
    }
  }

  async #removeById(id: string): Promise<void> {
    try {
      await this.#calls.run({ doing: 'remove the network of a sandbox' }, (docker, abortSignal) =>
        docker.getNetwork(id).remove({ abortSignal }),
      );
    } catch (error) {
      if (statusOf(error) !== 404) throw error;
    }
  }
}

/** Linux allows 15 characters for the name of a card. */
function toInterface(name: string): string {
  return (
    BRIDGE_PREFIX +
    createHash('sha256')
      .update(name)
      .digest('hex')
      .slice(0, 15 - BRIDGE_PREFIX.length)
  );
}

function toPool(text: string): Cidr {
  const pool = parseCidr(text);
  if (pool?.family !== 4 || pool.prefix > 29) throw new SandboxError('invalid', `${text} is no range for subnets.`);
  return pool;
}

function rangesOf({ IPAM }: NetworkInspectInfo): Cidr[] {
  const ranges = (IPAM?.Config ?? []).map(({ Subnet }) => parseCidr(Subnet ?? ''));
  return ranges.filter((range) => range !== undefined);
}

/** The subnets that this machine's own cards are in. */
function ownRanges(): Cidr[] {
  const cards = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  return cards.flatMap(({ address, cidr }) => {
    const parsed = parseAddress(address);
    const prefix = Number(cidr?.split('/')[1]);
    if (parsed?.family !== 4 || !Number.isInteger(prefix)) return [];
    const shift = BigInt(32 - prefix);
    const range = parseCidr(`${toIPv4((parsed.value >> shift) << shift).text}/${prefix}`);
    return range ? [range] : [];
  });
}
