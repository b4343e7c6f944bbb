import type { Socket } from 'node:net';
import type { FastifyInstance } from 'fastify';
import { SandboxError } from '../../base/errors.ts';
import { clientAddress, toClient } from '../clients/client-address.ts';
import type { IsTrustedProxy } from '../clients/trusted-proxies.ts';

/**
 * Lets one client address have N connections: more are closed as they come. What comes from a trusted proxy counts for the
 * client of each request while the request is under way, since proxies share connections; more are a 429.
 */
export function limitEachAddress(app: FastifyInstance, isTrustedProxy: IsTrustedProxy, maxPerAddress: number): void {
  const counts = new Map<string, number>();
  const begin = (client: string): boolean => {
    const count = counts.get(client) ?? 0;
    if (count >= maxPerAddress) return false;
    counts.set(client, count + 1);
    return true;
  };
  const end = (client: string): void => {
    const count = (counts.get(client) ?? 1) - 1;
    if (count === 0) counts.delete(client);
    else counts.set(client, count);
  };
  app.server.on('connection', (socket: Socket) => {
    const { remoteAddress } = socket;
    if (remoteAddress === undefined || isTrustedProxy(remoteAddress)) return;
    const client = toClient(remoteAddress);
    if (begin(client)) socket.once('close', () => end(client));
    else socket.destroy();
  });
  app.addHook('onRequest', (request, reply, done) => {
    if (!isTrustedProxy(request.socket.remoteAddress)) return done();
    const client = clientAddress(request);
    if (!begin(client)) throw tooMany(maxPerAddress);
    reply.raw.once('close', () => end(client));
    done();
  });
}

function tooMany(most: number): SandboxError {
  const sentence = `Your address has ${most} requests under way; wait until one is answered.`;
  return new SandboxError('too_many', sentence, { retryAfterSeconds: 1 });
}
