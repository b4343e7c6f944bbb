import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { withDeadline } from '../async/deadline.ts';
import { isSandboxError, SandboxError } from '../base/errors.ts';
import { endToEnd } from '../base/message-headers.ts';
import { isE2bKey, requireForm } from '../dialects/e2b/key-form.ts';
import type { KeyCheck } from '../http/auth/key-check.ts';
import { joinWebSocket } from '../http/forward/join-web-socket.ts';
import { asksForWebSocket, sendBack } from '../http/forward/pass-on.ts';
import { leaveBodies, passedMethods } from '../http/forward/passed-requests.ts';
import { CONNECTION_LIMITS } from '../http/limits/connection-limits.ts';
import { bytesOf, hasBody, wholeBodyOf } from '../http/requests/request-bytes.ts';
import { type ChooseDialect, DIALECT } from '../http/routing/dialect-constraint.ts';
import { originOf } from '../http/routing/origin.ts';
import type { PreviewHosts } from '../http/routing/preview-hosts.ts';
import { GatewayAdmission, type GatewayVisit } from './admission.ts';
import { answerMs, BodyWatch } from './answer-time.ts';
import type { FarSide, PassedBody } from './far-side.ts';
import { OpenRequests } from './open-requests.ts';
import { toFarHeaders } from './request-headers.ts';
import { withinPrefix } from './within-prefix.ts';

interface GatewayRoutes {
  readonly far: FarSide;
  readonly keys: KeyCheck;
  readonly keyCount: number;
  /** What URLs of this server begin with; null for what each request was sent to. */
  readonly publicUrl: string | null;
  /** Raised when no call may go on. */
  readonly ended: AbortSignal;
  readonly hosts: PreviewHosts;
  readonly choose: ChooseDialect;
  /** Throws `forbidden` where MCP is asked under a name that is not this server's, or by a page that may not. */
  requireKnownOrigin(request: FastifyRequest): void;
}

/** The longest body that is read before it is passed on, in bytes. */
const SMALL_BYTES = 65_536;

/** What the router shows of a path: the user, by the rules by which the other server finds it. */
const PATHS = ['/sandbox', '/sandbox/:user_id', '/sandbox/:user_id/*', '*'];

/** Dialects whose requests are for what is in a sandbox, also where they have a path that this server answers itself. */
const INSIDE: ReadonlySet<string | undefined> = new Set(['e2b-envd', 'e2b-interpreter', 'e2b-port']);

/** What the router takes those dialects for. */
const INSIDE_SANDBOX = 'inside';

/** Tells the router which requests are for what is in a sandbox: every other has the same routes, whatever its dialect. */
export function chooseInside(choose: ChooseDialect): ChooseDialect {
  return (head) => (INSIDE.has(choose(head)) ? INSIDE_SANDBOX : undefined);
}

/** Everything that this server does not answer itself, passed on to the other one as it comes. */
export async function gatewayRoutes(app: FastifyInstance, parts: GatewayRoutes): Promise<void> {
  const { far, keys, hosts, choose } = parts;
  const admission = new GatewayAdmission(keys, far, parts.keyCount);
  const open = new OpenRequests(parts.ended);
  leaveBodies(app);

  const pass = async (request: FastifyRequest, reply: FastifyReply): Promise<FastifyReply> => {
    const dialect = choose(request.raw);
    const isMcp = dialect === 'mcp';
    if (isMcp) parts.requireKnownOrigin(request);
    const isPreview = hosts.isPreview(hosts.nameOf(request.raw));
    const isOfSandbox = isPreview || INSIDE.has(dialect);
    const visit = await admission.admit(request, { isOfSandbox, isMcp });
    if (dialect === 'e2b' && visit.principal) requireForm(request.url, isE2bKey(request.headers['x-api-key']));
    const told = visit.farKey === 'gateway' ? visit.principal : null;
    const isPort = /\/ports\/\d+(?:\/|$)/.test(request.url);
    const headers = toFarHeaders(request, {
      ...{ far, keys, key: visit.key, told, dialect, isPreview, origin: parts.publicUrl ?? originOf(request) },
      isOfSandbox: isOfSandbox || isPort,
    });
    return await forward(request, reply, { far, headers, visit, open });
  };

  const route = {
    method: passedMethods(app),
    // A WebSocket has no handler of its own.
    preHandler: async (request: FastifyRequest, reply: FastifyReply) =>
      request.ws ? await pass(request, reply) : undefined,
    handler: pass,
  };
  const config = { needsKey: true, streamsBody: true, isPassedOn: true };
  for (const url of PATHS) app.route({ ...route, url, config });
  app.route({ ...route, url: '*', config, constraints: { [DIALECT]: INSIDE_SANDBOX } });
  const preview = { ...config, isPreview: true, cors: false } as const;
  app.route({ ...route, url: '*', config: preview, constraints: { surface: 'preview' } });
}

interface Forwarded {
  readonly far: FarSide;
  readonly headers: string[];
  readonly visit: GatewayVisit;
  /** What ends the requests that are under way. */
  readonly open: OpenRequests;
}

async function forward(
  request: FastifyRequest,
  reply: FastifyReply,
  { far, headers, visit, open }: Forwarded,
): Promise<FastifyReply> {
  const isWebSocket = request.ws === true && asksForWebSocket(request);
  const cutoff = open.add(reply);
  const watch = new BodyWatch();
  let timer: NodeJS.Timeout | undefined;
  let isAnswered = false;
  const startTimer = () => {
    // Some answers begin before the request is at its end.
    if (isAnswered) return;
    const ms = isWebSocket ? far.timeoutMs : answerMs(request.raw, watch.read(), far.timeoutMs);
    timer = setTimeout(() => cutoff.raise(tooLate(ms)), ms);
  };
  const { target, body } = await withinPrefix(request, visit, await bodyOf(request, reply, isWebSocket));
  try {
    const isWhole = body === null || Buffer.isBuffer(body);
    if (isWhole) {
      if (body) watch.see(body);
      startTimer();
    }
    const answer = await far.ask({
      method: request.method,
      target,
      headers,
      body: isWhole ? body : thenStart(watch.pass(body), startTimer),
      isWebSocket,
      cutoff,
    });
    if (answer.status === 401 || answer.status === 403) far.noteRefusal();
    if (!answer.upgraded) return sendBack(request, reply, answer, endToEnd(answer.headers));
    const lease = { ends: request.server.closing, forMs: null };
    return joinWebSocket(request, reply, { port: answer.upgraded, headers: endToEnd(answer.headers), lease });
  } finally {
    isAnswered = true;
    clearTimeout(timer);
  }
}

/** A small one whole, which costs less than passing it on in parts; throws `stalled` where it takes longer than bodies may. */
async function bodyOf({ raw }: FastifyRequest, reply: FastifyReply, isWebSocket: boolean): Promise<PassedBody | null> {
  if (isWebSocket || !hasBody(raw)) return null;
  if (!(Number(raw.headers['content-length'] ?? Number.NaN) <= SMALL_BYTES)) return bytesOf(raw);
  const late = 'The request did not arrive in time.';
  try {
    return await withDeadline(wholeBodyOf(raw), CONNECTION_LIMITS.bodyMs, late);
  } catch (cause) {
    if (!isSandboxError(cause, 'timeout')) throw cause;
    reply.header('Connection', 'close');
    throw new SandboxError('stalled', late, { cause });
  }
}

/** Calls back once the last byte has been taken. */
async function* thenStart(body: AsyncIterable<Buffer>, start: () => void): AsyncGenerator<Buffer> {
  yield* body;
  start();
}

function tooLate(ms: number): SandboxError {
  const sentence = `The server that holds the sandboxes did not answer within ${Math.round(ms / 1000)} seconds.`;
  return new SandboxError('unavailable', sentence, { retryAfterSeconds: 2 });
}
