import { BlockList, isIPv6 } from 'node:net';

const LOOPBACK = new BlockList();
LOOPBACK.addSubnet('127.0.0.0', 8, 'ipv4');
LOOPBACK.addAddress('::1', 'ipv6');

/** An address that the server listens on. */
export interface Listening {
  readonly address: string;
  readonly port: number;
}

/**
 * What other machines can overhear of a server that speaks plain HTTP at these addresses, and how to close it; null where only this
 * machine reaches it. In Compose's container the address counts where the machine publishes the port.
 */
export function explainExposure(listening: readonly Listening[], publishAddress: string | null): string | null {
  if (publishAddress !== null) {
    if (isLoopback(publishAddress)) return null;
    return (
      `Keys and data travel in clear: the server speaks plain HTTP, and other machines reach it at SANDBOX_PUBLISH_ADDRESS=${publishAddress}. ` +
      'Leave that empty, which is 127.0.0.1, and let clients come over HTTPS: docker compose --profile production up -d'
    );
  }
  const open = listening.find(({ address }) => !isLoopback(address));
  if (!open) return null;
  return (
    `Keys and data travel in clear: the server speaks plain HTTP, and other machines reach it at ${open.address} port ${open.port}. ` +
    'Set SANDBOX_API_HOST=127.0.0.1, and for clients elsewhere put HTTPS in front, as the production profile of docker-compose.yml does'
  );
}

function isLoopback(address: string): boolean {
  return address === 'localhost' || LOOPBACK.check(address, isIPv6(address) ? 'ipv6' : 'ipv4');
}
