import { SandboxError } from '../../base/errors.ts';

/** Where something is in a list: by its time, and by its id among those of one time. */
interface PageKey {
  readonly atMs: number;
  readonly id: string;
}

interface PageOptions<T> {
  readonly limit: number;
  readonly nextToken: string | undefined;
  readonly isDescending: boolean;
  keyOf(item: T): PageKey;
}

/** The header with the token of the next page. */
export const NEXT_TOKEN = 'x-next-token';

/** The largest page. */
const MOST = 100;

/** How many a page has at the most; throws `invalid`. */
export function toLimit(limit: string | undefined): number {
  if (limit === undefined) return MOST;
  if (/^\d{1,3}$/.test(limit) && Number(limit) >= 1 && Number(limit) <= MOST) return Number(limit);
  throw new SandboxError('invalid', `limit must be from 1 to ${MOST}.`, { field: 'limit' });
}

/** A page of a list that is told by its last entry where the next begins, so that what comes and goes meanwhile moves nothing. Throws `invalid`. */
export function toPage<T>(items: readonly T[], { limit, nextToken, isDescending, keyOf }: PageOptions<T>) {
  const sign = isDescending ? -1 : 1;
  const compare = (one: PageKey, other: PageKey) =>
    sign * (one.atMs - other.atMs) || (one.id === other.id ? 0 : one.id < other.id ? -1 : 1);
  const last = nextToken === undefined || nextToken === '' ? null : parseToken(nextToken);
  const rest = items
    .filter((item) => last === null || compare(keyOf(item), last) > 0)
    .sort((one, other) => compare(keyOf(one), keyOf(other)));
  const page = rest.slice(0, limit);
  const end = page.at(-1);
  return { items: page, next: rest.length > page.length && end !== undefined ? toToken(keyOf(end)) : null };
}

function toToken({ atMs, id }: PageKey): string {
  return Buffer.from(`${atMs}/${id}`).toString('base64url');
}

function parseToken(token: string): PageKey {
  const [, atMs, id] = /^(\d{1,15})\/(.+)$/s.exec(Buffer.from(token, 'base64url').toString('utf8')) ?? [];
  if (atMs !== undefined && id !== undefined) return { atMs: Number(atMs), id };
  throw new SandboxError('invalid', 'nextToken is none that this server gave.', { field: 'nextToken' });
}
