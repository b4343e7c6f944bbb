import { createHash, timingSafeEqual } from 'node:crypto';

/** What a signed URL of a file says, as it was sent. */
export interface SignedFile {
  readonly path: string;
  readonly operation: 'read' | 'write';
  readonly username: string;
  readonly signature: string;
  /** Unix seconds, as text; null where it is good for ever. */
  readonly expiration: string | null;
}

/** What a request to `/files` says of its signature; null where it has none. */
export function signedFileIn(method: string, query: URLSearchParams): SignedFile | null {
  const signature = query.get('signature');
  if (signature === null) return null;
  return {
    path: query.get('path') ?? '',
    operation: method === 'POST' || method === 'PUT' ? 'write' : 'read',
    username: query.get('username') ?? '',
    signature,
    expiration: query.get('signature_expiration'),
  };
}

/** True where the token of a sandbox has signed this. */
export function isSignedWith(token: string, { path, operation, username, signature, expiration }: SignedFile): boolean {
  const parts = [path, operation, username, token, ...(expiration === null ? [] : [expiration])];
  const digest = createHash('sha256').update(parts.join(':')).digest('base64').replace(/=+$/, '');
  return isSame(`v1_${digest}`, signature);
}

/** True where its time is over, or is no time. */
export function isExpired({ expiration }: SignedFile, nowMs: number): boolean {
  return expiration !== null && !(/^\d{1,12}$/.test(expiration) && Number(expiration) * 1000 > nowMs);
}

/** Compares texts in a time that says nothing of where they differ. */
export function isSame(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
