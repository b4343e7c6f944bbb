import type { ServerOptions as HttpServerOptions, Server } from 'node:http';
import type { FastifyBaseLogger, FastifyHttpOptions, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { toPlain } from '../clients/client-address.ts';
import { type HttpProblem, type OutsideRenderer, renderProblem } from '../errors/errors.ts';
import type { AccessLog } from '../observability/access-log.ts';
import { answerBrokenRequest } from '../requests/broken-requests.ts';
import { hasBody } from '../requests/request-bytes.ts';
import { limitIdleClient } from '../streams/client-idle.ts';

/** What a client may take of a connection; times in milliseconds. */
export interface ConnectionLimits {
  /** From the first moment of a connection, or the first byte of the next request on it, to the end of the headers. */
  readonly headersMs: number;
  /** From the end of the headers to the end of the body, on routes that do not stream it. */
  readonly bodyMs: number;
  /** How long an answer may stand without the client taking a byte of it. */
  readonly answerIdleMs: number;
  /** Between two requests. */
  readonly keepAliveMs: number;
  /** How often headers that are late are looked for. */
  readonly checkEveryMs: number;
  readonly maxHeaderBytes: number;
}

/** The limits of connections, unless a test says otherwise. */
export const CONNECTION_LIMITS: ConnectionLimits = {
  headersMs: 15_000,
  bodyMs: 60_000,
  answerIdleMs: 60_000,
  keepAliveMs: 72_000,
  checkEveryMs: 5_000,
  maxHeaderBytes: 16_384,
};

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True where the handler reads the body as it comes, for as long as bytes move, and ends idle clients itself. */
    streamsBody?: boolean;
  }
}

type ServerOptions = Required<
  Pick<FastifyHttpOptions<Server>, 'keepAliveTimeout' | 'requestTimeout' | 'clientErrorHandler'>
> & { readonly http: HttpServerOptions };

/** The options of the server that hold these limits, and log what they refuse. */
export function toServerOptions(
  limits: ConnectionLimits,
  logger: FastifyBaseLogger,
  log: AccessLog,
  render: OutsideRenderer,
): ServerOptions {
  return {
    keepAliveTimeout: limits.keepAliveMs,
    // Node counts it from the first byte to the last, which would end long uploads; the hook on bodies does it instead.
    requestTimeout: 0,
    http: {
      headersTimeout: limits.headersMs,
      connectionsCheckingInterval: limits.checkEveryMs,
      maxHeaderSize: limits.maxHeaderBytes,
      // Node's own answer has no body; the hook on hosts gives one.
      requireHostHeader: false,
    },
    clientErrorHandler: (error, socket) => {
      const address = toPlain(socket.remoteAddress);
      const status = answerBrokenRequest(error.code, socket, (problem) => render(problem, null));
      if (status !== null) log.writeBroken(logger, address, status);
    },
  };
}

/** Limits how many connections there may be, how long a body may take, and how long an answer may lie untaken. */
export function limitConnections(
  app: FastifyInstance,
  limits: ConnectionLimits,
  maxConnections: number,
  render: OutsideRenderer,
): void {
  app.server.maxConnections = maxConnections;
  app.addHook('onRequest', (request, reply, done) => {
    limitBody(request, reply, limits.bodyMs, render);
    done();
  });
  app.addHook('onSend', (_request, reply, payload, done) => {
    // Streams are as long as they are; who sends one ends idle clients itself.
    if (typeof payload === 'string' || Buffer.isBuffer(payload)) limitIdleClient(reply, limits.answerIdleMs);
    done();
  });
}

function limitBody(request: FastifyRequest, reply: FastifyReply, bodyMs: number, render: OutsideRenderer): void {
  const { raw } = request;
  if (!hasBody(raw) || raw.complete || request.routeOptions.config.streamsBody === true) return;
  const timer = setTimeout(() => {
    if (!raw.complete) endLateRequest(request, reply, render);
  }, bodyMs);
  const stop = () => clearTimeout(timer);
  raw.once('end', stop);
  raw.once('close', stop);
}

/** Not with `reply`: that is for whoever has read the body, which nobody will. */
function endLateRequest(request: FastifyRequest, reply: FastifyReply, render: OutsideRenderer): void {
  const { socket } = reply.raw;
  if (!socket || reply.raw.headersSent) request.raw.destroy();
  else {
    request.failure = { error: 'invalid' };
    const inItsWords = (problem: HttpProblem) => renderProblem(problem, request, render);
    reply.code(answerBrokenRequest('ERR_HTTP_REQUEST_TIMEOUT', socket, inItsWords) ?? 408);
  }
}
