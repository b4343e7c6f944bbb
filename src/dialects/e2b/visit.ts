import type { FastifyRequest } from 'fastify';
import { SandboxError } from '../../base/errors.ts';
import type { SandboxRef } from '../../sandboxes/asked/ref.ts';
import type { Tenancy } from '../../sandboxes/tenancies.ts';
import type { Place } from './planes.ts';

/** What a route of a sandbox's port asks of who calls it; where nothing is said, the token of a sandbox that has one. */
export interface Access {
  readonly needs?: 'token' | 'token or signature' | 'nothing';
  /** True if it needs nothing either where a host of previews names the sandbox. */
  readonly isOpenByHost?: boolean;
}

declare module 'fastify' {
  interface FastifyContextConfig {
    e2b?: Access;
  }
  interface FastifyRequest {
    /** The sandbox on whose port the request came in; null on all other routes. */
    visit: Visit | null;
  }
}

/** A request that was let in to a port of a sandbox. */
export interface Visit extends Place {
  /** For every call to the core. */
  readonly ref: SandboxRef;
  /** What was made: terms, labels, times. */
  readonly tenancy: Tenancy;
  /** The Linux user that a call is to run as; null where it names none. */
  readonly user: string | null;
  /** True where a host of previews names the sandbox, and not headers. */
  readonly isHost: boolean;
}

/** The sandbox on whose port the request came in. */
export function visitOf({ visit }: FastifyRequest): Visit {
  if (visit === null) throw new SandboxError('internal', 'The request is about no port of a sandbox.');
  return visit;
}

/** The Linux user that a call is to run as, as it was sent; null where it names none. Basic is no key here. */
export function userOf({ headers: { authorization = '' } }: FastifyRequest): string | null {
  const [, credential = ''] = /^basic +(\S+)$/i.exec(authorization) ?? [];
  const name = Buffer.from(credential, 'base64').toString('utf8').split(':', 1)[0];
  return name === undefined || name === '' ? null : name;
}
