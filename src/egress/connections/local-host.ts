import { readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import type { Clock } from '../../async/clock.ts';
import { type Cidr, isWithin, parseCidr } from '../../base/ip-address.ts';
import type { LocalHost } from '../policy.ts';

/** How long the list of this machine's addresses counts as fresh, in milliseconds. */
const FRESH_MS = 2_000;

/** `RTF_LOCAL` of the kernel's routes: what they lead to is this machine. */
const LOCAL_ROUTE = 0x8000_0000;

/** This machine's addresses, read anew every two seconds, and the ports that are guarded on them. */
export function thisMachine(clock: Clock, guardedPorts: () => readonly number[]): LocalHost {
  let own: readonly Cidr[] = [];
  let readAtMs = Number.NEGATIVE_INFINITY;
  return {
    isOwn: (address) => {
      if (clock.monotonicMs() - readAtMs > FRESH_MS) {
        readAtMs = clock.monotonicMs();
        own = readOwn();
      }
      return own.some((range) => isWithin(range, address));
    },
    isGuarded: (port) => guardedPorts().includes(port),
  };
}

/**
 * What Node lists, and what the kernel answers on besides: addresses of cards that are down, such as that of a bridge without members, and
 * whole ranges that are routed to this machine itself.
 */
function readOwn(): Cidr[] {
  const listed = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  const texts = [...listed.map((text) => text.split('%')[0] ?? ''), ...localIPv4(), ...localIPv6()];
  return [...new Set(texts)].map(parseCidr).filter((range) => range !== undefined);
}

function localIPv4(): string[] {
  let base = '';
  return readProc('/proc/net/fib_trie').flatMap((line) => {
    base = /\|-- (\S+)/.exec(line)?.[1] ?? base;
    const prefix = /\/(\d+) host LOCAL/.exec(line)?.[1];
    return prefix === undefined ? [] : [`${base}/${prefix}`];
  });
}

function localIPv6(): string[] {
  return readProc('/proc/net/ipv6_route').flatMap((line) => {
    const [base = '', prefix = '', ...more] = line.split(/\s+/);
    const isLocal = (Number.parseInt(more[6] ?? '0', 16) & LOCAL_ROUTE) !== 0;
    return isLocal ? [`${base.replace(/(.{4})(?!$)/g, '$1:')}/${Number.parseInt(prefix, 16)}`] : [];
  });
}

function readProc(file: string): string[] {
  try {
    return readFileSync(file, 'utf8').split('\n');
  } catch {
    return [];
  }
}
