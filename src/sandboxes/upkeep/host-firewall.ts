import type { Config } from '../../config/config.ts';
import type { Engine } from '../../engines/engine.ts';
import type { Warning } from './warnings.ts';

const OPEN =
  'SANDBOX_NETWORK is bridge, and this server cannot set the rules of a firewall that keep sandboxes from this machine and its private networks; see docs/network.md.';

/** Keeps this machine and its private networks closed to sandboxes with a network card, also after its firewall was loaded anew. */
export class HostFirewall {
  readonly #engine: Pick<Engine, 'host'>;
  readonly #network: Config['network'];
  #gap: string | null = null;

  constructor(engine: Pick<Engine, 'host'>, { network }: Pick<Config, 'network'>) {
    this.#engine = engine;
    this.#network = network;
  }

  /** Adds the rules that are missing. */
  async close(): Promise<void> {
    if (this.#network === 'bridge') this.#gap = (await this.#engine.host?.closeToBridges()) ?? null;
  }

  /** What the last time has left open. */
  get warnings(): readonly Warning[] {
    return this.#gap === null ? [] : [{ sentence: OPEN, detail: this.#gap }];
  }
}
