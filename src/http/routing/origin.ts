import type { FastifyRequest } from 'fastify';
import { toldOrigin } from '../auth/gateway-headers.ts';

/** What URLs of this server begin with that are reached as the request was. */
export function originOf(request: FastifyRequest): string {
  return toldOrigin(request) ?? `${request.protocol}://${request.host}`;
}
