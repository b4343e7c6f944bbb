import { createHmac, timingSafeEqual } from 'node:crypto';
import type { ApiKey } from './api-keys.ts';
import { keyNameOf } from './key-name.ts';

/** The parameter of a query that holds the signature. */
export const SIGNATURE = 'signature';

/** What a signed URL may do: one request, as one key, for some time. */
export interface SignedRequest {
  readonly method: string;
  /** Path and query, byte for byte as they are sent. */
  readonly target: string;
  /** The name of the key that it runs as. */
  readonly keyName: string;
  /** The sandbox's number when it was signed. */
  readonly signatures: number;
  /** Seconds since 1970. */
  readonly expiresAt: number;
}

/** Who holds it is let in as that key for some time. */
type Grant = Pick<SignedRequest, 'keyName' | 'signatures' | 'expiresAt'>;

/** Stands where a request that is signed has its method. */
const ANY_METHOD = '*';

const TOKEN = /^([A-Za-z0-9_-]{1,400})\.(\d{1,16})\.(\d{1,12})\.([A-Za-z0-9_-]{43})$/;

/** Signs requests and knows its own signatures again; what holds one needs no key. */
export class UrlSigner {
  readonly #secret: Buffer;
  readonly #digests: ReadonlyMap<string, string>;

  /** What a key has signed ends with it, also where another gets its name: its hash is signed too. */
  constructor(secret: Buffer, keys: readonly Pick<ApiKey, 'name' | 'digest'>[]) {
    this.#secret = secret;
    this.#digests = new Map(keys.map(({ name, digest }) => [name, digest.toString('hex')]));
  }

  /** The target with its signature. */
  sign(request: SignedRequest): string {
    const { target } = request;
    return `${target}${target.includes('?') ? '&' : '?'}${SIGNATURE}=${this.#tokenOf(request)}`;
  }

  /** A token that opens all below a path, whatever the method. */
  grant(below: string, grant: Grant): string {
    return this.#tokenOf({ ...grant, method: ANY_METHOD, target: below });
  }

  /** What a token opens below this path; null where it is none of ours, or for another path, or its key is gone. */
  verifyGrant(below: string, token: string): SignedRequest | null {
    const [, name = '', signatures = '', expiresAt = '', mac = ''] = TOKEN.exec(token) ?? [];
    const keyName = Buffer.from(name, 'base64url').toString();
    if (mac === '' || !this.#digests.has(keyNameOf(keyName))) return null;
    const numbers = { signatures: Number(signatures), expiresAt: Number(expiresAt) };
    const granted = { method: ANY_METHOD, target: below, keyName, ...numbers };
    return isSame(this.#mac(granted), mac) ? granted : null;
  }

  /** What a request with a signature may do; null where the signature is none of ours, or of another request, or its key is gone. */
  verify(method: string, url: string): SignedRequest | null {
    const [path = '', query = ''] = splitOnce(url, '?');
    const parameters = query.split('&');
    const own = parameters.filter((parameter) => isNamed(parameter, SIGNATURE));
    const [, name = '', signatures = '', expiresAt = '', mac = ''] =
      TOKEN.exec(own[0]?.slice(SIGNATURE.length + 1) ?? '') ?? [];
    if (own.length !== 1 || mac === '') return null;
    const rest = parameters.filter((parameter) => parameter !== own[0]);
    // Who reads on says what it knows, which the signature need not have known.
    const withoutAfter = rest.filter((parameter) => !isNamed(parameter, 'after'));
    const candidates = rest.length - withoutAfter.length === 1 ? [rest, withoutAfter] : [rest];
    const keyName = Buffer.from(name, 'base64url').toString();
    if (!this.#digests.has(keyNameOf(keyName))) return null;
    for (const candidate of candidates) {
      const target = candidate.length === 0 ? path : `${path}?${candidate.join('&')}`;
      const request = {
        method: method === 'HEAD' ? 'GET' : method,
        target,
        keyName,
        signatures: Number(signatures),
        expiresAt: Number(expiresAt),
      };
      if (isSame(this.#mac(request), mac)) return request;
    }
    return null;
  }

  #tokenOf(request: SignedRequest): string {
    const { keyName, signatures, expiresAt } = request;
    const name = Buffer.from(keyName).toString('base64url');
    return [name, signatures, expiresAt, this.#mac(request)].join('.');
  }

  #mac({ method, target, keyName, signatures, expiresAt }: SignedRequest): string {
    const digest = this.#digests.get(keyNameOf(keyName)) ?? '';
    const text = [method, target, keyName, digest, signatures, expiresAt].join('\n');
    return createHmac('sha256', this.#secret).update(text).digest('base64url');
  }
}

/** True where a URL shows a signature, be it right or wrong. */
export function showsSignature(url: string): boolean {
  const [, query = ''] = splitOnce(url, '?');
  return query.split('&').some((parameter) => isNamed(parameter, SIGNATURE));
}

function isNamed(parameter: string, name: string): boolean {
  return parameter.startsWith(`${name}=`);
}

function splitOnce(text: string, separator: string): readonly string[] {
  const at = text.indexOf(separator);
  return at === -1 ? [text] : [text.slice(0, at), text.slice(at + 1)];
}

function isSame(one: string, other: string): boolean {
  return one.length === other.length && timingSafeEqual(Buffer.from(one), Buffer.from(other));
}
