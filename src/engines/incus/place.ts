import { Pool } from 'undici';

const MAX_SOCKETS = 64;

/** Who this server is to an Incus of another machine, and who that has to be; all in PEM. */
export interface IncusTrust {
  readonly key: string;
  readonly certificate: string;
  /** The other side's own: it has to show exactly this one. */
  readonly serverCertificate: string;
}

/** Where Incus is, and which of it is this server's. */
export type IncusPlace = { readonly project: string } & (
  | { readonly socketPath: string }
  | { readonly url: string; readonly trust: IncusTrust }
);

/** The connections to a place. */
export interface Way {
  /** What the URLs of websockets begin with. */
  readonly socketOrigin: string;
  readonly tls: object;
  open(): Pool;
}

/** How that place is reached. */
export function wayTo(place: IncusPlace): Way {
  // Deadlines are each call's own.
  const limits = { connections: MAX_SOCKETS, headersTimeout: 0, bodyTimeout: 0 };
  if ('socketPath' in place) {
    const { socketPath } = place;
    const open = () => new Pool('http://incus', { socketPath, ...limits });
    return { socketOrigin: `ws+unix://${socketPath}:`, tls: {}, open };
  }
  const { url, trust } = place;
  const { key, certificate: cert, serverCertificate: ca } = trust;
  // The certificate is the very one that is expected, whatever names are in it.
  const tls = { key, cert, ca, checkServerIdentity: () => undefined };
  return { socketOrigin: url.replace(/^http/, 'ws'), tls, open: () => new Pool(url, { connect: tls, ...limits }) };
}
