import type { Duplex } from 'node:stream';
import type { Networks } from '../sandboxes/networks.ts';
import type { Ports } from './ports.ts';

interface OpenLink {
  readonly from: string;
  readonly to: string;
}

/** Connections of sandboxes to each other, by name over the networks that both are in, through both agents. */
export class Peers {
  readonly #networks: Networks;
  readonly #ports: Pick<Ports, 'connect'>;
  readonly #open = new Map<Duplex, OpenLink>();

  constructor(networks: Networks, ports: Pick<Ports, 'connect'>) {
    this.#networks = networks;
    this.#ports = ports;
    networks.onLeft = () => this.#endLeft();
  }

  /** What connects to a port of the sandbox that this one reaches by that name; null where it reaches none. */
  async find(sandboxId: string, name: string): Promise<((port: number) => Promise<Duplex>) | null> {
    const peer = await this.#networks.peerOf(sandboxId, name);
    if (!peer) return null;
    return async (port) => {
      const stream = await this.#ports.connect(peer, port, { isVisitor: false });
      this.#open.set(stream, { from: sandboxId, to: peer.id });
      stream.once('close', () => this.#open.delete(stream));
      try {
        // A disconnection may have passed while this was made.
        if (!(await this.#networks.areConnected(sandboxId, peer.id))) stream.destroy();
        return stream;
      } catch (error) {
        // Nobody else has it, and it would hold the other sandbox awake.
        stream.destroy();
        throw error;
      }
    };
  }

  async #endLeft(): Promise<void> {
    for (const [stream, { from, to }] of this.#open) {
      if (!(await this.#networks.areConnected(from, to))) stream.destroy();
    }
  }
}
