import type { Clock } from '../../async/clock.ts';
import type { UrlSigner } from '../../auth/url-signer.ts';
import { SandboxError } from '../../base/errors.ts';
import type { PreviewHosts } from '../../http/routing/preview-hosts.ts';
import { scopeOf, urlsOf } from '../port-urls.ts';
import { toSentForm } from '../sent-form.ts';
import type { ToolCall } from './tool.ts';

interface LinksParts {
  readonly signer: UrlSigner;
  readonly clock: Clock;
  readonly hosts: PreviewHosts;
  /** Where the server listens. */
  readonly port: number;
}

/** How long a URL of a port is good, in seconds. */
const PORT_SECONDS = 3600;

/** URLs of this server that browsers and other programs open without a key. */
export class Links {
  readonly #parts: LinksParts;

  constructor(parts: LinksParts) {
    this.#parts = parts;
  }

  /** A URL that gets a file, or puts one, for N seconds. */
  async ofFile(call: ToolCall, method: 'GET' | 'PUT', path: string, seconds: number): Promise<string> {
    const { core, ref, origin } = call;
    const target = toSentForm(
      `/sandbox/${encodeURIComponent(ref.address.id)}/raw?path=${encodeURIComponent(path.toWellFormed())}`,
    );
    if (target === null) throw new SandboxError('invalid', 'path cannot be part of a URL.');
    const signatures = await core.settings.signatures(ref);
    const expiresAt = this.#expiry(seconds);
    const { signer } = this.#parts;
    return `${origin}${signer.sign({ method, target, keyName: ref.principal.name, signatures, expiresAt })}`;
  }

  /** A URL of a port's preview; of a private port one that opens it for an hour. */
  async ofPort(call: ToolCall, port: number, isPublic: boolean): Promise<{ url: string; isListening: boolean }> {
    const { core, ref } = call;
    const { pathPrefix } = await core.ports.settingsOf(ref, port);
    const visibility = isPublic ? 'public' : 'private';
    const found = await core.ports.change(ref, port, { visibility, pathPrefix });
    const token = isPublic ? null : await this.#tokenOf(call, port);
    const { hosts, port: serverPort } = this.#parts;
    const place = { hosts, origin: call.origin, localPort: call.localPort ?? serverPort };
    const { preview_url: url } = urlsOf(place, ref.address.id, found, token);
    return { url, isListening: found.process !== null };
  }

  async #tokenOf({ core, ref }: ToolCall, port: number): Promise<string> {
    const expiresAt = this.#expiry(PORT_SECONDS);
    await core.ports.share(ref, port, expiresAt * 1000);
    const signatures = await core.settings.signatures(ref);
    const grant = { keyName: ref.principal.name, signatures, expiresAt };
    return this.#parts.signer.grant(scopeOf(ref.address.id, port), grant);
  }

  #expiry(seconds: number): number {
    return Math.floor(this.#parts.clock.wallMs() / 1000) + seconds;
  }
}
