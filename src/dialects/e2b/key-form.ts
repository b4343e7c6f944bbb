import type { IncomingHttpHeaders } from 'node:http';
import { SandboxError } from '../../base/errors.ts';
import { GATEWAY_HEADERS } from '../../http/auth/gateway-headers.ts';

const KEY = /^e2b_[0-9a-f]+$/;

const BELOW_PREFIX = /^(?:https?:\/\/[^/?#]*)?\/e2b(?:[/?#]|$)/i;

/** True for a key of the form that E2B's clients send, and no others do. */
export function isE2bKey(key: string | readonly string[] | undefined): boolean {
  return typeof key === 'string' && KEY.test(key);
}

/** True where headers show a key of that form; what a gateway tells of the client's key stands before the form of its own. */
export function showsE2bKey({ 'x-api-key': key, [GATEWAY_HEADERS.dialect]: told }: IncomingHttpHeaders): boolean {
  return told === undefined ? isE2bKey(key) : told === 'e2b';
}

/** Throws `unauthorized` for a good key of another form, which reaches this API under its prefix alone: elsewhere the form tells the APIs apart. */
export function requireForm(url: string, hasForm: boolean): void {
  if (hasForm || BELOW_PREFIX.test(url)) return;
  throw new SandboxError(
    'unauthorized',
    'A key of this form reaches E2B’s API under /e2b alone, where E2B_API_URL must end.',
  );
}
