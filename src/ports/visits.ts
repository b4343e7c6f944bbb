import type { Duplex } from 'node:stream';
import { toSandboxId } from '../base/sandbox-address.ts';
import type { SandboxRef } from '../sandboxes/asked/ref.ts';

/** Open connections of visitors without a key, by port. */
export class Visits {
  readonly #open = new Map<string, Set<Duplex>>();

  /** Knows a connection until it is closed. */
  note(ref: SandboxRef, port: number, connection: Duplex): void {
    const place = placeOf(ref, port);
    const open = this.#open.get(place) ?? new Set();
    this.#open.set(place, open.add(connection));
    connection.once('close', () => {
      open.delete(connection);
      if (open.size === 0) this.#open.delete(place);
    });
  }

  /** Ends all to a port. */
  end(ref: SandboxRef, port: number): void {
    for (const connection of this.#open.get(placeOf(ref, port)) ?? []) {
      connection.destroy(new Error('The port is private now.'));
    }
  }
}

function placeOf({ address }: SandboxRef, port: number): string {
  return `${toSandboxId(address)}:${port}`;
}
