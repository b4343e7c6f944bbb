import type { IncomingMessage } from 'node:http';
import type { FastifyInstance } from 'fastify';
import type { Cidr } from '../../base/ip-address.ts';
import type { PreviewPlace } from '../../base/preview-place.ts';
import { type IsTrustedProxy, trustProxies } from '../clients/trusted-proxies.ts';

/** Where previews are without a domain of their own: browsers find this machine by themselves. */
const LOCAL_DOMAIN = 'localhost';

const LABEL = /^([1-9]\d{0,4})-([a-z0-9]{20})$/;

/** Names a sandbox by an id of the server's own, where clients put that into the host. */
const LABEL_OF_ID = /^([1-9]\d{0,4})-(i[a-z0-9]{20,50})$/;

const MAX_PORT = 65_535;

interface PreviewHostsOptions {
  /** Null for previews under localhost. */
  readonly previewDomain: string | null;
  /** The names of the API itself, which are no previews wherever they lie. */
  readonly domain: string;
  readonly publicUrl: string | null;
  readonly trustedProxies: readonly Cidr[];
}

/** Knows the hosts of previews from those of the API. */
export class PreviewHosts {
  readonly domain: string;
  readonly isLocal: boolean;
  readonly #apiNames: ReadonlySet<string>;
  readonly #isTrustedProxy: IsTrustedProxy;

  constructor({ previewDomain, domain, publicUrl, trustedProxies }: PreviewHostsOptions) {
    this.domain = toName(previewDomain ?? LOCAL_DOMAIN);
    this.isLocal = previewDomain === null;
    const apiNames = publicUrl === null ? [domain] : [domain, new URL(publicUrl).hostname];
    this.#apiNames = new Set(apiNames.map(toName));
    this.#isTrustedProxy = trustProxies(trustedProxies);
  }

  /** The name that a request is about; that of a trusted proxy's client where it says so. */
  nameOf({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): string {
    const forwarded = headers['x-forwarded-host'];
    const passedOn = this.#isTrustedProxy(socket.remoteAddress) ? [forwarded].flat().join(',').split(',').at(-1) : '';
    return toName(passedOn?.trim() || (headers.host ?? ''));
  }

  /** True for a trusted proxy that asks something itself, and passes nothing on. */
  isProxyItself({ headers, socket }: Pick<IncomingMessage, 'headers' | 'socket'>): boolean {
    return this.#isTrustedProxy(socket.remoteAddress) && headers['x-forwarded-for'] === undefined;
  }

  /** True for the domain of previews and all below it: nothing of the API answers there. */
  isPreview(name: string): boolean {
    if (this.#apiNames.has(name)) return false;
    return name.endsWith(`.${this.domain}`) || (!this.isLocal && name === this.domain);
  }

  /** What a host of this name shows; null where it is no preview. */
  placeOf(name: string): PreviewPlace | null {
    if (!name.endsWith(`.${this.domain}`)) return null;
    const [, port = '', previewId = ''] = LABEL.exec(name.slice(0, -this.domain.length - 1)) ?? [];
    return previewId !== '' && Number(port) <= MAX_PORT ? { port: Number(port), previewId } : null;
  }

  /** The label of a host that has one of its own and names no port; null for any other. */
  subdomainOf(name: string): string | null {
    const label = name.endsWith(`.${this.domain}`) ? name.slice(0, -this.domain.length - 1) : '';
    return /^(?!\d+-)[a-z0-9-]{3,63}$/.test(label) ? label : null;
  }

  /** What a host of this name shows that names a sandbox by its id; null for any other. */
  idPlaceOf(name: string): { readonly port: number; readonly id: string } | null {
    if (!name.endsWith(`.${this.domain}`)) return null;
    const [, port = '', id = ''] = LABEL_OF_ID.exec(name.slice(0, -this.domain.length - 1)) ?? [];
    return id !== '' && Number(port) <= MAX_PORT ? { port: Number(port), id } : null;
  }

  /** The name of the host that shows a port. */
  hostOf({ port, previewId }: PreviewPlace): string {
    return `${port}-${previewId}.${this.domain}`;
  }
}

/** Keeps requests to hosts of previews for routes with the constraint `surface: 'preview'`, before a route is looked for; a host with an id has a dialect of its own. */
export function separatePreviews(app: FastifyInstance, hosts: PreviewHosts): void {
  app.addConstraintStrategy({
    name: 'surface',
    // A host of previews reaches no route that is not made for it.
    mustMatchWhenDerived: true,
    storage: () => {
      const handlers = new Map<string, unknown>();
      return {
        get: (value: string) => (handlers.get(value) ?? null) as never,
        set: (value: string, handler: unknown) => void handlers.set(value, handler),
        del: (value: string) => void handlers.delete(value),
        empty: () => handlers.clear(),
      };
    },
    validate: () => undefined,
    deriveConstraint: (request) => {
      const name = hosts.nameOf(request);
      return hosts.isPreview(name) && hosts.idPlaceOf(name) === null ? 'preview' : undefined;
    },
  });
}

/** A host without its port and the dot of a full name, in lower case. */
function toName(host: string): string {
  return host.toLowerCase().replace(/:\d*$/, '').replace(/\.$/, '');
}
