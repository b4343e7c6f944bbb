import type { FastifyRequest } from 'fastify';
import { originOf } from '../../../http/routing/origin.ts';
import type { PreviewHosts } from '../../../http/routing/preview-hosts.ts';
import type { PortSettings } from '../../../ports/ports.ts';
import type { SandboxStatus } from '../../../sandboxes/status/status.ts';
import type { ManagerNotes } from '../notes.ts';

type Port = ManagerNotes['ports'][number];

/** What URLs of ports are made with. */
export interface UrlOptions {
  readonly hosts: PreviewHosts;
  /** What URLs of this server begin with; null for what a request was sent to. */
  readonly publicUrl: string | null;
}

/** True for a port that is served: what speaks no HTTP is not. */
export function isServed({ protocol }: Pick<Port, 'protocol'>): boolean {
  return protocol === 'http' || protocol === 'https';
}

/** Who may reach the ports of a sandbox that are served: everybody where there is a domain for them. */
export function toPortSettings(ports: readonly Port[], { hosts }: UrlOptions): Record<number, PortSettings> {
  const visibility = hosts.isLocal ? ('private' as const) : ('public' as const);
  const served = ports.filter(isServed);
  return Object.fromEntries(
    served.map(({ internal, subdomain }) => [
      internal,
      { visibility, pathPrefix: null, ...(subdomain === null ? {} : { subdomain }) },
    ]),
  );
}

/** Where a port is reached: on a host of its own where there is a domain for them, else below this API; null where it is not. */
export function urlOf(
  request: FastifyRequest,
  { address, previewId }: Pick<SandboxStatus, 'address' | 'previewId'>,
  port: Port,
  { hosts, publicUrl }: UrlOptions,
): string | null {
  if (!isServed(port)) return null;
  const label = port.subdomain ?? (previewId === null ? null : `${port.internal}-${previewId}`);
  if (!hosts.isLocal && label !== null) return `https://${label}.${hosts.domain}/`;
  return `${publicUrl ?? originOf(request)}/api/v1/sandboxes/${address.id}/ports/${port.internal}/`;
}
