import type { FastifyRequest } from 'fastify';
import { requireUser } from '../auth/principal.ts';
import { SandboxError } from '../base/errors.ts';
import type { GatewayVisit } from './admission.ts';
import type { PassedBody } from './far-side.ts';

/** The longest body of a create that is looked at, in bytes. */
const MOST_BYTES = 2 ** 20;

interface Passing {
  /** Path and query, in origin form. */
  readonly target: string;
  readonly body: PassedBody | null;
}

/**
 * A request of a key that is for some users, for a server that does not know of it: a list is of those users alone, and no sandbox is
 * made of another user's. A gateway's key has the other server hold that. Throws `forbidden`.
 */
export async function withinPrefix(
  request: FastifyRequest,
  { principal, farKey }: GatewayVisit,
  body: PassedBody | null,
): Promise<Passing> {
  const target = request.url.replace(/^https?:\/\/[^/?#]*/i, '') || '/';
  const passing = { target: target.startsWith('/') ? target : `/${target}`, body };
  if (principal === null || principal.userPrefix === '' || farKey === 'gateway') return passing;
  const { url } = request.routeOptions;
  if (url === '/sandbox' && request.method === 'GET')
    return { ...passing, target: toOwnList(target, principal.userPrefix) };
  const isCreate = url === '/sandbox/:user_id/*' && /\/create\/?(?:\?|$)/.test(target);
  if (!isCreate || body === null) return passing;
  const bytes = Buffer.isBuffer(body) ? body : await collect(body);
  const source = sourceOf(bytes);
  if (source !== undefined) requireUser(principal, source);
  return { ...passing, body: bytes };
}

function toOwnList(target: string, own: string): string {
  const [path = '', query = ''] = target.split('?', 2);
  const parameters = new URLSearchParams(query);
  const asked = parameters.get('prefix') ?? '';
  if (!asked.startsWith(own)) {
    if (!own.startsWith(asked)) throw new SandboxError('forbidden', 'This key is only for other users.');
    parameters.set('prefix', own);
  }
  return `${path}?${parameters}`;
}

async function collect(body: AsyncIterable<Buffer>): Promise<Buffer> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > MOST_BYTES) throw new SandboxError('too_large', 'The body of a create is too large.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** The user whose files a sandbox is to be made of; undefined where there is none, or the other server will say what is wrong. */
function sourceOf(bytes: Buffer): string | undefined {
  try {
    const body: unknown = JSON.parse(bytes.toString());
    const from: unknown = typeof body === 'object' && body !== null && 'from' in body ? body.from : null;
    const id: unknown = typeof from === 'object' && from !== null && 'user_id' in from ? from.user_id : undefined;
    return typeof id === 'string' ? id : undefined;
  } catch {
    return undefined;
  }
}
