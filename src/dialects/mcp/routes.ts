import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { type Principal, requireUser } from '../../auth/principal.ts';
import { SandboxError } from '../../base/errors.ts';
import { disconnectSignal } from '../../http/connections/disconnect.ts';
import { originOf } from '../../http/routing/origin.ts';
import { type SandboxRef, SHARED_NAMESPACE } from '../../sandboxes/asked/ref.ts';
import { type Core, principalOf } from '../dialect.ts';
import { CallsUnderWay, isOfMethod } from './calls-under-way.ts';
import { sendPatiently, sendWebResponse, toWebRequest } from './exchange.ts';
import type { Sdk, serving } from './serving.ts';
import { answerSingleCall, isPatientCall, toSingleCall } from './single-calls.ts';
import type { Caller } from './tool.ts';

/** Streams that wait for changes, of which this server tells none. */
const MAX_SUBSCRIPTIONS = 64;

/** The header with the label of a client. */
const LABEL = 'mcp-session-id';

type Sender = Omit<Caller, 'signal' | 'progress'>;

/** What the routes of MCP need. */
export interface McpRouteOptions extends Core {
  readonly path: string;
  readonly publicUrl: string | null;
  /** Makes the server of a request; other servers can stand in the same place. */
  readonly serve: (parts: {
    readonly sdk: Sdk;
    readonly callerOf: (request: Request | undefined) => Sender;
    readonly onError: (error: unknown) => void;
  }) => ReturnType<typeof serving>;
  /** Throws `forbidden` for what may be a page that was tricked. */
  readonly requireKnownOrigin: (request: FastifyRequest) => void;
}

/** The MCP dialect: one address, at which every request stands for itself. */
export async function mcpRoutes(app: FastifyInstance, options: McpRouteOptions): Promise<void> {
  const { path, publicUrl, serve, requireKnownOrigin } = options;
  const underWay = new CallsUnderWay();
  const senders = new WeakMap<Request, Sender>();
  const callerOf = (request: Request | undefined) => {
    const sender = request && senders.get(request);
    if (!sender) throw new Error('A request of MCP is nobody’s.');
    return sender;
  };
  const onError = (err: unknown) => app.log.error({ err }, 'MCP failed at a request');
  // Loaded by the first request, as it takes longer than all the rest of a start.
  const open = async () => {
    const sdk = await import('@modelcontextprotocol/server');
    const factory = serve({ sdk, callerOf, onError });
    return { sdk, factory, handler: sdk.createMcpHandler(factory, { maxSubscriptions: MAX_SUBSCRIPTIONS }) };
  };
  let opened: ReturnType<typeof open> | undefined;
  app.addHook('onClose', async () => await (await opened)?.handler.close());

  const answer = async (request: FastifyRequest, reply: FastifyReply) => {
    requireKnownOrigin(request);
    if (request.method === 'POST' && (request.body ?? null) === null) {
      throw new SandboxError('invalid', 'The body must be a message of JSON-RPC.');
    }
    opened ??= open();
    const { sdk, factory, handler } = await opened;
    const principal = principalOf(request);
    const call = new AbortController();
    const signal = disconnectSignal(reply, call);
    const { done } = underWay.note({ principal: principal.name, label: labelOf(request) }, request.body, call);
    reply.raw.once('close', done);
    const web = toWebRequest(request, signal);
    senders.set(web, senderOf(request, principal, options, publicUrl));
    const parsedBody = request.body ?? undefined;
    const fetched = () => handler.fetch(web, parsedBody === undefined ? {} : { parsedBody });
    if (isPatientCall(web, parsedBody)) {
      const single = await toSingleCall(web, parsedBody, sdk);
      return await sendPatiently(reply, single ? answerSingleCall(sdk, factory, web, single) : fetched());
    }
    const response = await fetched();
    // A label for the client: nothing is kept of it, it tells its cancellations from those of others.
    if (isOfMethod(request.body, 'initialize') && response.ok) reply.header(LABEL, randomUUID());
    return await sendWebResponse(reply, response);
  };

  app.route({
    method: ['GET', 'POST', 'DELETE'],
    url: path,
    schema: { hide: true },
    config: { isAboutNoUser: true },
    handler: answer,
  });
}

function labelOf({ headers, ip }: FastifyRequest): string {
  const label = headers[LABEL];
  return typeof label === 'string' ? label : `from ${ip}`;
}

function senderOf(request: FastifyRequest, principal: Principal, core: Core, publicUrl: string | null): Sender {
  return {
    core,
    origin: publicUrl ?? originOf(request),
    localPort: request.socket.localPort,
    note: (outcome) => {
      request.outcome = outcome;
    },
    noteTool: (name) => {
      request.tool = name;
    },
    toRef: (sandbox) => {
      const ref = toRef(principal, sandbox);
      request.about = ref.address;
      return ref;
    },
  };
}

/** The sandbox of this name, or the one of the key; throws `forbidden` where the key is not for it. */
function toRef(principal: Principal, sandbox: string | undefined): SandboxRef {
  const id = sandbox ?? `${principal.userPrefix}mcp`;
  requireUser(principal, id);
  return { address: { namespace: SHARED_NAMESPACE, id }, principal };
}
