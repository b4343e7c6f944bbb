import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { z } from 'zod';
import { HttpError } from '../../http/errors/http-error.ts';

/** What a signed URL of a file says, as it was sent. */
export interface SignedFile {
  readonly path: string;
  readonly operation: 'read' | 'write';
  readonly username: string;
  readonly signature: string;
  /** Unix seconds, as text; null where it is good for ever. */
  readonly expiration: string | null;
}

/** The parameters that a signature is of, each of which comes once. */
const signedQuery = z.object({
  signature: z.string(),
  path: z.string().default(''),
  username: z.string().default(''),
  signature_expiration: z.string().optional(),
});

/**
 * What a request to `/files` says of its signature; null where it has none. It is of the query as the route reads it: in one that was
 * parsed anew, another parameter could be the path. Throws where a parameter comes twice, of which nobody knows which one is signed.
 */
export function signedFileIn({ method, query }: FastifyRequest): SignedFile | null {
  const twice = repeatedIn(query);
  if (twice !== undefined) throw new HttpError(400, `${twice} comes more than once; a signed URL has it once.`);
  const { data } = signedQuery.safeParse(query);
  if (data === undefined) return null;
  const { signature, path, username, signature_expiration: expiration = null } = data;
  return { path, operation: method === 'POST' || method === 'PUT' ? 'write' : 'read', username, signature, expiration };
}

function repeatedIn(query: unknown): string | undefined {
  const sent = Object.entries(query ?? {});
  return sent.find(([name, value]) => name in signedQuery.shape && Array.isArray(value))?.[0];
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

/** Among sandboxes the one whose token this is, found in a time that says nothing of how much of it is right; undefined where it is nobody's. */
export function findHolder<T extends { readonly terms: { readonly token: string | null } }>(
  token: string,
  sandboxes: readonly T[],
): T | undefined {
  return sandboxes.filter(({ terms }) => terms.token !== null && isSame(token, terms.token)).at(0);
}

/** Compares texts in a time that says nothing of where they differ. */
export function isSame(one: string, other: string): boolean {
  const [left, right] = [one, other].map((text) => createHash('sha256').update(text).digest());
  return left !== undefined && right !== undefined && timingSafeEqual(left, right);
}
