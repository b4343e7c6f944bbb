import { networkInterfaces } from 'node:os';
import type { Clock } from '../clock.ts';
import { type Address, parseAddress } from './address.ts';
import type { Surroundings } from './policy.ts';

/** How long the list of this machine's addresses counts as fresh, in milliseconds. */
const FRESH_MS = 2_000;

/** Where a Docker engine listens that is told to use TCP. */
const ENGINE_PORTS = [2375, 2376];

/** This machine's addresses, read anew every two seconds, and the ports that are guarded on them. */
export function thisMachine(clock: Clock, serverPorts: () => readonly number[]): Surroundings {
  let own = new Set<string>();
  let readAtMs = Number.NEGATIVE_INFINITY;
  return {
    isOwn: (address) => {
      if (clock.monotonicMs() - readAtMs > FRESH_MS) {
        readAtMs = clock.monotonicMs();
        own = readOwn();
      }
      return own.has(keyOf(address));
    },
    isGuarded: (port) => ENGINE_PORTS.includes(port) || serverPorts().includes(port),
  };
}

function readOwn(): Set<string> {
  const addresses = Object.values(networkInterfaces()).flatMap((list) => list ?? []);
  const parsed = addresses.map(({ address }) => parseAddress(address.split('%')[0] ?? ''));
  return new Set(parsed.filter((address) => address !== undefined).map(keyOf));
}

function keyOf({ family, value }: Address): string {
  return `${family} ${value}`;
}
