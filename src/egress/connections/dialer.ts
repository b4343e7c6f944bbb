import { connect, type Socket } from 'node:net';
import type { Address } from '../../base/ip-address.ts';

/** A TCP connection to exactly this address; rejects after N ms or when the signal is raised. */
export function dial(address: Address, port: number, timeoutMs: number, signal: AbortSignal): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host: address.text, port, family: address.family, allowHalfOpen: true, noDelay: true });
    const give = (error: Error) => {
      settle();
      socket.destroy();
      reject(error);
    };
    const onAbort = () => give(new Error('The connection is not wanted any more.'));
    const timer = setTimeout(() => give(new DialTimeout()), timeoutMs);
    const settle = () => {
      clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      socket.removeListener('error', give);
      socket.removeListener('connect', onConnect);
    };
    const onConnect = () => {
      settle();
      resolve(socket);
    };
    // A socket that is given up may still fail, and nobody else listens then.
    socket.on('error', () => undefined);
    socket.once('error', give);
    socket.once('connect', onConnect);
    if (signal.aborted) onAbort();
    else signal.addEventListener('abort', onAbort, { once: true });
  });
}

/** Nothing answered in time. */
export class DialTimeout extends Error {
  override readonly name = 'DialTimeout';
}
