import { isIP } from 'node:net';
import type { FastifyRequest } from 'fastify';
import { SandboxError } from '../../base/errors.ts';
import { isForeignPage } from '../../http/browsers/foreign-pages.ts';
import type { PreviewHosts } from '../../http/routing/preview-hosts.ts';

interface AdmissionOptions {
  readonly hosts: PreviewHosts;
  /** Null where the operator has named none. */
  readonly publicUrl: string | null;
  readonly domain: string;
  /** Origins whose pages may use this API. */
  readonly corsOrigins: readonly string[];
}

/** Domains that nobody can register, so that no page can make one lead here. RFC 6761, RFC 6762, RFC 8375. */
const RESERVED = /(?:^|\.)(?:localhost|local|internal|test|home\.arpa)$/;

/**
 * Refuses what a page may have sent that was tricked into being of this server's origin, or that is of another. Throws `forbidden` for
 * a Host that is no name of this server, or an Origin whose pages the operator has not permitted.
 */
export function requireKnownOrigin(request: FastifyRequest, options: AdmissionOptions): void {
  const name = options.hosts.nameOf(request.raw);
  if (!isOwnName(name, options)) {
    const sentence = `The host ${JSON.stringify(name.slice(0, 100))} is no name of this server; its operator sets SANDBOX_PUBLIC_URL or SANDBOX_DOMAIN.`;
    throw new SandboxError('forbidden', sentence);
  }
  const { origin } = request.headers;
  const { corsOrigins } = options;
  const isPermitted = origin !== undefined && (corsOrigins.includes(origin) || corsOrigins.includes('*'));
  if (isPermitted || !isForeignPage(request)) return;
  throw new SandboxError(
    'forbidden',
    'Pages of this origin may not use MCP; SANDBOX_CORS_ORIGINS names those that may.',
  );
}

/** Names without a dot and reserved ones cannot be anybody else's, addresses neither. */
function isOwnName(name: string, { publicUrl, domain }: AdmissionOptions): boolean {
  if (isIP(name.replace(/^\[|\]$/g, '')) !== 0 || RESERVED.test(name)) return true;
  if (name === '' || !name.includes('.')) return name !== '';
  const own = [domain.replace(/:\d+$/, ''), publicUrl === null ? '' : new URL(publicUrl).hostname];
  return own.some((one) => matches(name, one.toLowerCase()));
}

function matches(name: string, own: string): boolean {
  return own.startsWith('*.') ? name.endsWith(own.slice(1)) : name === own;
}
