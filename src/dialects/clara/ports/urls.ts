import type { FastifyRequest } from 'fastify';
import { SIGNATURE } from '../../../auth/url-signer.ts';
import { originOf } from '../../../http/origin.ts';
import type { PreviewHosts } from '../../../http/preview-hosts.ts';
import type { Port } from '../../../ports/ports.ts';
import { scopeOf } from './admission.ts';

interface UrlOptions {
  readonly hosts: PreviewHosts;
  /** What URLs of this server begin with; null for what a request was sent to. */
  readonly publicUrl: string | null;
  /** Where the server listens, for previews on this machine. */
  readonly serverPort: number;
}

interface PortUrls {
  readonly url: string;
  readonly preview_url: string;
}

/** The two addresses of a port, with a token that opens it where there is one. */
export function urlsOf(
  request: FastifyRequest,
  userId: string,
  { port, previewId }: Pick<Port, 'port' | 'previewId'>,
  { hosts, publicUrl, serverPort }: UrlOptions,
  token: string | null = null,
): PortUrls {
  const origin = publicUrl ?? originOf(request);
  const query = token === null ? '' : `?${SIGNATURE}=${token}`;
  const base = hosts.isLocal ? localBase(origin, request.socket.localPort ?? serverPort) : new URL(origin);
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
