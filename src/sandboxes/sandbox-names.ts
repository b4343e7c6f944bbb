import { KeyedMutex } from '../async/keyed-mutex.ts';
import type { Principal } from '../auth/principal.ts';
import { SandboxError } from '../base/errors.ts';
import type { Listing } from './listing.ts';

/** The names that principals give to sandboxes in a namespace where each is one sandbox's. */
export class SandboxNames {
  readonly #listing: Pick<Listing, 'own'>;
  readonly #making = new KeyedMutex<string>();

  constructor(listing: Pick<Listing, 'own'>) {
    this.#listing = listing;
  }

  /** Makes a sandbox of that name, one at a time; throws `conflict` where the principal has one. */
  async take<T>(principal: Principal, namespace: string, name: string, make: () => Promise<T>): Promise<T> {
    return await this.#making.run(JSON.stringify([namespace, principal.name, name]), async () => {
      const own = await this.#listing.own(principal, namespace);
      if (own.every((entry) => entry.name !== name)) return await make();
      throw new SandboxError('conflict', `There is a sandbox with the name ${name}; delete it, or choose another.`);
    });
  }
}
