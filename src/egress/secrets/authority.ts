import {
  constants,
  createECDH,
  createPublicKey,
  generateKeyPairSync,
  type KeyObject,
  type webcrypto,
  X509Certificate,
} from 'node:crypto';
import { createSecureContext, type SecureContext } from 'node:tls';
import type { Clock } from '../../async/clock.ts';
import { CertificateThread } from './certificate-thread.ts';

/** Certificates of hosts that are kept, those that were asked for last. */
const MOST_CONTEXTS = 256;

/** How long a certificate is good, in days, and how long it is used, in milliseconds. */
const LEAF_DAYS = 7;
const USED_MS = 86_400_000;

interface Kept {
  readonly context: Promise<SecureContext>;
  /** On the monotonic clock. */
  readonly madeAtMs: number;
}

/** Vouches to sandboxes for the hosts that this server stands in for. Its key never leaves the server. */
export class CertificateAuthority {
  readonly #thread: CertificateThread;
  readonly #publicKey: KeyObject;
  readonly #clock: Clock;
  readonly #contexts = new Map<string, Kept>();
  #root: Promise<string> | null = null;
  #leafKeys: { readonly key: string; readonly spki: Buffer } | null = null;

  /** `seed`: 32 secret bytes, of which the key is made, always the same one. */
  constructor(seed: Buffer, clock: Clock) {
    const key = toKey(seed);
    this.#thread = new CertificateThread(key, clock);
    this.#publicKey = createPublicKey({ key: { ...key }, format: 'jwk' });
    this.#clock = clock;
  }

  /** Its certificate, in PEM: another one for each server that runs, by the same key under the same name. */
  async root(): Promise<string> {
    this.#root ??= this.#thread.root();
    try {
      return await this.#root;
    } catch (error) {
      this.#root = null;
      throw error;
    }
  }

  /** True for a text in PEM that is one of its own certificates. */
  hasIssued(pem: string): boolean {
    try {
      return new X509Certificate(pem).verify(this.#publicKey);
    } catch {
      return false;
    }
  }

  /** What a TLS server needs to be this host. */
  async contextFor(host: string): Promise<SecureContext> {
    const known = this.#contexts.get(host);
    const nowMs = this.#clock.monotonicMs();
    const kept = known && nowMs - known.madeAtMs < USED_MS ? known : { context: this.#make(host), madeAtMs: nowMs };
    this.#contexts.delete(host);
    this.#contexts.set(host, kept);
    const [oldest = host] = this.#contexts.keys();
    if (this.#contexts.size > MOST_CONTEXTS) this.#contexts.delete(oldest);
    try {
      return await kept.context;
    } catch (error) {
      if (this.#contexts.get(host) === kept) this.#contexts.delete(host);
      throw error;
    }
  }

  async #make(host: string): Promise<SecureContext> {
    this.#leafKeys ??= makeLeafKeys();
    const { key, spki } = this.#leafKeys;
    const cert = await this.#thread.leaf({ host, spki, days: LEAF_DAYS });
    return createSecureContext({ key, cert, minVersion: 'TLSv1.2', secureOptions: constants.SSL_OP_NO_TICKET });
  }
}

function toKey(seed: Buffer): webcrypto.JsonWebKey {
  const pair = createECDH('prime256v1');
  pair.setPrivateKey(seed);
  // 4, then both coordinates. SEC 1, section 2.3.3.
  const point = pair.getPublicKey();
  const text = (bytes: Buffer) => bytes.toString('base64url');
  return { kty: 'EC', crv: 'P-256', d: text(seed), x: text(point.subarray(1, 33)), y: text(point.subarray(33)) };
}

function makeLeafKeys(): { key: string; spki: Buffer } {
  const { privateKey, publicKey } = generateKeyPairSync('ec', { namedCurve: 'prime256v1' });
  return {
    key: privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
    spki: publicKey.export({ type: 'spki', format: 'der' }),
  };
}
