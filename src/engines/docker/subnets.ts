import { createHash } from 'node:crypto';
import { type Cidr, toIPv4 } from '../../base/ip-address.ts';

/** Eight addresses: the network, the bridge, the sandbox, broadcast, and room for the engine's own. */
const PREFIX = 29;
const SIZE = 1n << BigInt(32 - PREFIX);

/**
 * The subnets of a pool in which none of the used ranges lies, beginning at a place that depends on the name, so that servers which
 * choose at the same time seldom choose the same.
 */
export function* freeSubnets(pool: Cidr, used: readonly Cidr[], name: string): Generator<string> {
  const count = 1n << BigInt(PREFIX - pool.prefix);
  const first = createHash('sha256').update(name).digest().readBigUInt64BE() % count;
  for (let step = 0n; step < count; step += 1n) {
    const base = pool.base + ((first + step) % count) * SIZE;
    const candidate: Cidr = { family: 4, base, prefix: PREFIX };
    if (!used.some((range) => overlap(range, candidate))) yield `${toIPv4(base).text}/${PREFIX}`;
  }
}

function overlap(one: Cidr, other: Cidr): boolean {
  if (one.family !== other.family) return false;
  const shift = BigInt(32 - Math.min(one.prefix, other.prefix));
  return one.base >> shift === other.base >> shift;
}
