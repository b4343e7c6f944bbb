import type { FastifyRequest } from 'fastify';
import type { Clock } from '../../../async/clock.ts';
import { type Principal, requireUser } from '../../../auth/principal.ts';
import { type SignedRequest, showsSignature, type UrlSigner } from '../../../auth/url-signer.ts';
import { isSandboxError, SandboxError } from '../../../base/errors.ts';
import type { KeyCheck } from '../../../http/auth/key-check.ts';
import { showsAmbientCredentials, showsBasic } from '../../../http/browsers/foreign-pages.ts';
import { type PortSettings, type Ports, UNSETTLED } from '../../../ports/ports.ts';
import { type SandboxRef, SHARED_NAMESPACE } from '../../../sandboxes/asked/ref.ts';
import type { Settings } from '../../../sandboxes/settings.ts';
import { scopeOf } from '../../port-urls.ts';

/** Who is let in to a public port without a key. */
const VISITOR: Principal = { name: 'visitor', userPrefix: '', maxSandboxes: 0 };

/** A request to a port, as it was sent. */
interface Asking {
  readonly userId: string;
  readonly port: number;
  /** Tokens that it shows, best first. */
  readonly tokens: readonly string[];
  /** True on a host of previews, where nothing but tokens is signed. */
  readonly isHost: boolean;
  /** True for what a page of another origin asks, which may not use what the browser adds by itself. */
  readonly isForeign: boolean;
}

/** Who is let in to a port, and how. */
export interface Admitted {
  readonly ref: SandboxRef;
  /** True for somebody with neither key nor signature. */
  readonly isVisitor: boolean;
  /** What let the request in, where that is a signature. */
  readonly signed: SignedRequest | null;
  /** The token that did, where there is one. */
  readonly token: string | null;
  readonly settings: PortSettings;
}

interface AdmissionParts {
  readonly keys: KeyCheck;
  readonly signer: UrlSigner;
  readonly clock: Clock;
  readonly ports: Ports;
  readonly settings: Settings;
}

/** Lets requests in to ports: to a private one with a key or a signature, to a public one all. */
export class PortAdmission {
  readonly #parts: AdmissionParts;

  constructor(parts: AdmissionParts) {
    this.#parts = parts;
  }

  /** Throws `unauthorized`, `forbidden` or `too_many`; `not_found` where there is no sandbox. */
  async admit(request: FastifyRequest, asking: Asking): Promise<Admitted> {
    const { keys } = this.#parts;
    const settings = await this.#settingsOf(asking);
    const isStranger = asking.isForeign && showsAmbientCredentials(request);
    const holder = isStranger && showsBasic(request) ? null : keys.admitKnown(request);
    if (holder && asking.userId.startsWith(holder.userPrefix)) {
      return { ...this.#as(holder, asking), signed: null, token: null, settings: await this.#existing(holder, asking) };
    }
    const signed = await this.#signed(request, asking);
    if (signed) return { ...signed, settings };
    if (settings.visibility === 'public') {
      request.principal = null;
      keys.admitVisitor(request);
      return { ...this.#as(VISITOR, asking), isVisitor: true, signed: null, token: null, settings };
    }
    if (isStranger) throw new SandboxError('forbidden', 'A page of another origin may not open this private port.');
    if (holder) requireUser(holder, asking.userId);
    if (showsSignature(request.url))
      keys.refuseSignature(request, 'The signature is not of this port, or not any more.');
    keys.admit(request);
    throw new SandboxError('unauthorized', 'Invalid API key');
  }

  /** A sandbox that is not there has private ports, for whoever may not know that. */
  async #settingsOf({ userId, port }: Asking): Promise<PortSettings> {
    try {
      return await this.#parts.ports.settingsOf(refOf(userId, VISITOR), port);
    } catch (error) {
      if (isSandboxError(error, 'not_found')) return UNSETTLED;
      throw error;
    }
  }

  #existing(principal: Principal, { userId, port }: Asking): Promise<PortSettings> {
    return this.#parts.ports.settingsOf(refOf(userId, principal), port);
  }

  #as(principal: Principal, { userId }: Asking): Pick<Admitted, 'ref' | 'isVisitor'> {
    return { ref: refOf(userId, principal), isVisitor: false };
  }

  async #signed(request: FastifyRequest, asking: Asking): Promise<Omit<Admitted, 'settings'> | null> {
    const { signer } = this.#parts;
    const scope = scopeOf(asking.userId, asking.port);
    for (const token of asking.tokens) {
      const signed = signer.verifyGrant(scope, token);
      if (signed && (await this.#isGood(signed, asking))) {
        return { ...this.#named(request, signed, asking), signed, token };
      }
    }
    // One request that was signed byte for byte.
    const signed = asking.isHost || !showsSignature(request.url) ? null : signer.verify(request.method, request.url);
    if (!signed || !(await this.#isGood(signed, asking))) return null;
    return { ...this.#named(request, signed, asking), signed, token: asking.tokens[0] ?? null };
  }

  #named(request: FastifyRequest, { keyName }: SignedRequest, asking: Asking): Pick<Admitted, 'ref' | 'isVisitor'> {
    const principal = this.#parts.keys.admitNamed(request, keyName);
    requireUser(principal, asking.userId);
    return this.#as(principal, asking);
  }

  async #isGood({ signatures, expiresAt }: SignedRequest, { userId }: Asking): Promise<boolean> {
    const { clock, settings } = this.#parts;
    return clock.wallMs() < expiresAt * 1000 && (await settings.hasSignatures(refOf(userId, VISITOR), signatures));
  }
}

function refOf(id: string, principal: Principal): SandboxRef {
  return { address: { namespace: SHARED_NAMESPACE, id }, principal };
}
