import type { FastifyRequest } from 'fastify';

/** What URLs of this server begin with that are reached as the request was. */
export function originOf({ protocol, host }: FastifyRequest): string {
  return `${protocol}://${host}`;
}
