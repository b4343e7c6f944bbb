import type { NetworkInspectInfo } from 'dockerode';
import { SandboxError } from '../../errors.ts';
import type { DockerCalls } from './docker-calls.ts';
import { statusOf } from './errors.ts';

const ISOLATION_OPTION = 'com.docker.network.bridge.enable_icc';
const LABEL = 'clara-sandbox.network';

/** Makes bridge networks on which sandboxes do not reach each other, once each. */
export class BridgeNetworks {
  readonly #calls: DockerCalls;
  readonly #underWay = new Map<string, Promise<void>>();

  constructor(calls: DockerCalls) {
    this.#calls = calls;
  }

  /** Ensures the network of that name; throws `conflict` where one exists that lets its members reach each other. */
  ensure(name: string): Promise<void> {
    const waiting = this.#underWay.get(name);
    if (waiting) return waiting;
    const made = this.#ensure(name).finally(() => this.#underWay.delete(name));
    this.#underWay.set(name, made);
    return made;
  }

  async #ensure(name: string): Promise<void> {
    const found = await this.#find(name);
    const networks = found.length > 0 ? found : await this.#make(name);
    if (networks.some((network) => network.Options?.[ISOLATION_OPTION] !== 'false')) {
      throw new SandboxError(
        'conflict',
        `The Docker network ${name} lets its members reach each other: remove it, or choose another name, and it is made anew.`,
      );
    }
    await this.#removeTwins(networks);
  }

  /** All networks of exactly that name: Docker's filter also finds those that merely contain it. */
  async #find(name: string): Promise<NetworkInspectInfo[]> {
    const named = await this.#calls.run({ doing: `look for the network ${name}` }, (docker, abortSignal) =>
      docker.listNetworks({ filters: { name: [name] }, abortSignal }),
    );
    return named.filter((network) => network.Name === name);
  }

  async #make(name: string): Promise<NetworkInspectInfo[]> {
    try {
      await this.#calls.run({ doing: `make the network ${name}` }, (docker, abortSignal) =>
        docker.createNetwork({
          Name: name,
          CheckDuplicate: true,
          Driver: 'bridge',
          Options: { [ISOLATION_OPTION]: 'false' },
          Labels: { [LABEL]: 'true' },
          abortSignal,
        }),
      );
    } catch (error) {
      // Another server on this engine has made it in the meantime.
      if (statusOf(error) !== 409) throw error;
    }
    return this.#find(name);
  }

  /** Docker makes two networks of one name where two servers ask at the same time, and then starts nothing on either. */
  async #removeTwins(networks: readonly NetworkInspectInfo[]): Promise<void> {
    const age = ({ Created, Id }: NetworkInspectInfo) => `${Created} ${Id}`;
    const [, ...twins] = [...networks].sort((a, b) => (age(a) < age(b) ? -1 : 1));
    for (const { Id, Labels } of twins) {
      if (Labels?.[LABEL] === undefined) continue;
      try {
        await this.#calls.run({ doing: 'remove a network that is there twice' }, (docker, abortSignal) =>
          docker.getNetwork(Id).remove({ abortSignal }),
        );
      } catch (error) {
        // The other server removes it too, or a container is on it: the next call looks again.
        if (statusOf(error) === undefined) throw error;
      }
    }
  }
}
