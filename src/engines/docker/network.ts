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
    if (await this.#isThere(name)) return;
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
      // Another server on this engine may have made it in the meantime.
      if (statusOf(error) === 409 && (await this.#isThere(name))) return;
      throw error;
    }
  }

  async #isThere(name: string): Promise<boolean> {
    const named = await this.#calls.run({ doing: `look for the network ${name}` }, (docker, abortSignal) =>
      docker.listNetworks({ filters: { name: [name] }, abortSignal }),
    );
    // Docker's filter also finds names that merely contain this one.
    const network = named.find((candidate) => candidate.Name === name);
    if (network === undefined) return false;
    if (network.Options?.[ISOLATION_OPTION] === 'false') return true;
    throw new SandboxError(
      'conflict',
      `The Docker network ${name} lets its members reach each other: remove it, or choose another name, and it is made anew.`,
    );
  }
}
