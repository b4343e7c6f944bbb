import type { FastifyRequest } from 'fastify';
import { requireUser } from '../auth/principal.ts';
import { SandboxError } from '../base/errors.ts';
import { authorizationOf } from '../http/auth/key-check.ts';
import type { GatewayVisit } from './admission.ts';
import type { PassedBody } from './far-side.ts';

/** The longest body of a create that is looked at, in bytes. */
const MOST_BYTES = 2 ** 20;

interface Passing {
  /** Path and query, in origin form. */
  readonly target: string;
  readonly body: PassedBody | null;
}

/** Where a user is named by HTTP Basic, or by the body of what asks for a token. */
const CLOUD = /^\/?api\/v1\/(?:auth|execute|files|sandbox|sessions)(?:\/|$)/;
const TOKEN = /^\/?api\/v1\/auth\/token$/;

/**
 * A request of a key that is for some users, for a server that does not know of it: a list is of those users alone, no sandbox is
 * made of another user's, and nobody is another user of Cloud's. A gateway's key has the other server hold that. Throws `forbidden`.
 */
export async function withinPrefix(
  request: FastifyRequest,
  { principal, isOfSandbox, farKey }: GatewayVisit,
  body: PassedBody | null,
): Promise<Passing> {
  const target = request.url.replace(/^https?:\/\/[^/?#]*/i, '') || '/';
  const passing = { target: target.startsWith('/') ? target : `/${target}`, body };
  if (principal === null || principal.userPrefix === '' || isOfSandbox || farKey === 'gateway') return passing;
  const { url } = request.routeOptions;
  if (url === '/sandbox' && request.method === 'GET')
    return { ...passing, target: toOwnList(target, principal.userPrefix) };
  const path = decodedPathOf(request);
  const shown = authorizationOf(request);
  if (url === '*' && shown?.scheme === 'basic' && CLOUD.test(path)) requireUser(principal, shown.user);
  const isCreate = url === '/sandbox/:user_id/*' && path === 'create';
  const isToken = url === '*' && TOKEN.test(path);
  if ((!isCreate && !isToken) || body === null) return passing;
  const bytes = Buffer.isBuffer(body) ? body : await collect(body);
  const said = parse(bytes);
  const named = idOf(isCreate ? fieldOf(said, 'from') : said);
  if (named !== undefined) requireUser(principal, named);
  return { ...passing, body: bytes };
}

/** The end of a path as the router of the other server has it too: unescaped. */
function decodedPathOf({ params }: FastifyRequest): string {
  return String(fieldOf(params, '*') ?? '');
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
    if (bytes > MOST_BYTES) throw new SandboxError('too_large', 'The body is too large for what it asks.');
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}

/** What a body says. Throws where it is no JSON: the other server could read it in another way, and do what nobody has looked at. */
function parse(bytes: Buffer): unknown {
  const text = bytes.toString().trim();
  try {
    return text === '' ? undefined : JSON.parse(text);
  } catch (cause) {
    throw new SandboxError('invalid', 'The body is not valid JSON.', { cause });
  }
}

/** The user that something names; undefined where it names none, or the other server will say what is wrong. */
function idOf(value: unknown): string | undefined {
  const id = fieldOf(value, 'user_id');
  return typeof id === 'string' ? id : undefined;
}

function fieldOf(value: unknown, name: string): unknown {
  return typeof value === 'object' && value !== null ? new Map(Object.entries(value)).get(name) : undefined;
}
