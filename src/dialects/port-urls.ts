import { SIGNATURE } from '../auth/url-signer.ts';
import type { PreviewHosts } from '../http/routing/preview-hosts.ts';
import type { Port } from '../ports/ports.ts';

/** Where a request has found the server. */
interface PortPlace {
  readonly hosts: PreviewHosts;
  /** What URLs of this server begin with. */
  readonly origin: string;
  /** Where the server listens, for previews on this machine. */
  readonly localPort: number;
}

interface PortUrls {
  readonly url: string;
  readonly preview_url: string;
}

/** All below this path is one port's, in a signature. */
export function scopeOf(userId: string, port: number): string {
  return `/sandbox/${encodeURIComponent(userId)}/ports/${port}/`;
}

/** The two addresses of a port, with a token that opens it where there is one. */
export function urlsOf(
  { hosts, origin, localPort }: PortPlace,
  userId: string,
  { port, previewId }: Pick<Port, 'port' | 'previewId'>,
  token: string | null = null,
): PortUrls {
  const query = token === null ? '' : `?${SIGNATURE}=${token}`;
  const base = hosts.isLocal ? localBase(origin, localPort) : new URL(origin);
  const authority = `${hosts.hostOf({ port, previewId })}${base.port === '' ? '' : `:${base.port}`}`;
  return {
    url: `${origin}${scopeOf(userId, port)}${query}`,
    preview_url: `${base.protocol}//${authority}/${query}`,
  };
}

/** Where a browser on this machine reaches the server: as the request did, where that was from here. */
function localBase(origin: string, serverPort: number): URL {
  const base = new URL(origin);
  const isHere = base.hostname === 'localhost' || base.hostname === '[::1]' || /^127\.[\d.]+$/.test(base.hostname);
  return isHere ? base : new URL(`http://localhost:${serverPort}`);
}
