import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../async/clock.ts';
import { type Address, parseAddress } from '../ip-address.ts';
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
  const listed = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  const all = [...listed, ...localIPv4(), ...localIPv6()].map((text) => parseAddress(text.split('%')[0] ?? ''));
  return new Set(all.filter((address) => address !== undefined).map(keyOf));
}

/** Linux answers on the addresses of cards that are down too, such as that of a bridge without members; Node does not list those. */
function localIPv4(): string[] {
  const routes = readProc('/proc/net/fib_trie');
  return [...routes.matchAll(/\|-- (\S+)\n\s+\/32 host LOCAL/g)].map((match) => match[1] ?? '');
}

function localIPv6(): string[] {
  const lines = readProc('/proc/net/if_inet6').split('\n');
  return lines.map((line) => line.slice(0, 32).replace(/(.{4})(?!$)/g, '$1:'));
}

function readProc(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}

function keyOf({ family, value }: Address): string {
  return `${family} ${value}`;
}
