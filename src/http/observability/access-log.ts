import { type FastifyBaseLogger, type FastifyReply, type FastifyRequest, LogController } from 'fastify';
import { keyNameOf } from '../../auth/principal.ts';
import type { ErrorKind } from '../../base/errors.ts';
import { type SandboxAddress, toSandboxId } from '../../base/sandbox-address.ts';
import { addressOf, toClient, toPlain } from '../clients/client-address.ts';
import type { IsTrustedProxy } from '../clients/trusted-proxies.ts';
import type { StrangerLines } from './stranger-lines.ts';

/** What is logged of an id of a user, whose length nobody has checked yet. */
const MAX_USER_CHARACTERS = 256;

/** Why a request failed, for the one line that the log has of it. */
export interface LoggedFailure {
  readonly error: ErrorKind | 'unknown_route';
  /** What the client was told, where that is no fault of its request. */
  readonly reason?: string;
  /** What an operator wants to know besides. */
  readonly cause?: string;
  /** What nobody expected. */
  readonly err?: Error;
}

declare module 'fastify' {
  interface FastifyRequest {
    failure: LoggedFailure | null;
    /** True where the request shows a key that is none, also where that is one too many. */
    hasWrongKey: boolean;
    /** The sandbox that it is about; null until that and who asks are known, and for none. */
    about: SandboxAddress | null;
    /** The tool of MCP that was called; null where there is none. */
    tool: string | null;
    /** How the work that was asked for ended, such as `exit 0`; null where its status says all. */
    outcome: string | null;
    isLogged: boolean;
  }
}

/**
 * One line for each request, when it is answered or its client has left: who asked and from where, about which sandbox, the route's pattern, the status and,
 * where it failed, why; of requests without a right key as many as `strangers` takes. Never a query, a body or a header, which may hold secrets; ids of users only where `logsUsers` is set.
 */
export class AccessLog extends LogController {
  readonly #logsUsers: boolean;
  readonly #isTrustedProxy: IsTrustedProxy;
  readonly #strangers: StrangerLines;
  readonly #cutBy = new WeakMap<FastifyReply, Error>();

  constructor(logsUsers: boolean, isTrustedProxy: IsTrustedProxy, strangers: StrangerLines) {
    super();
    this.#strangers = strangers;
    this.#logsUsers = logsUsers;
    this.#isTrustedProxy = isTrustedProxy;
  }

  override incomingRequest(request: FastifyRequest, reply: FastifyReply): void {
    reply.raw.once('close', () => {
      if (!request.isLogged) this.write(request, reply, false);
    });
  }

  override requestCompleted(error: Error | null | undefined, request: FastifyRequest, reply: FastifyReply): void {
    if (error) this.#cutBy.set(reply, error);
    else this.write(request, reply);
  }

  override streamError(error: Error, _request: FastifyRequest, reply: FastifyReply): void {
    if (!('code' in error && error.code === 'ERR_STREAM_PREMATURE_CLOSE')) this.#cutBy.set(reply, error);
  }

  /** Writes the line of a request that is over, be its answer sent whole or not. */
  write(request: FastifyRequest, reply: FastifyReply, isSent = true): void {
    const { failure, hasWrongKey, log } = request;
    request.isLogged = true;
    const status = reply.statusCode;
    const cutBy = this.#cutBy.get(reply);
    const isAnswered = isSent || status >= 400;
    const address = this.#addressOf(request);
    const loggedStatus = isAnswered || cutBy ? status : null;
    if (!request.principal && !this.#takes(hasWrongKey, address, loggedStatus)) return;
    const line = {
      address,
      key: request.principal && keyNameOf(request.principal.name),
      user: this.#logsUsers ? userOf(request)?.slice(0, MAX_USER_CHARACTERS) : undefined,
      ...(request.about ? { sandbox: toSandboxId(request.about) } : {}),
      method: request.method,
      route: request.routeOptions.url ?? null,
      ...(request.tool ? { tool: request.tool } : {}),
      status: loggedStatus,
      ms: Math.round(reply.elapsedTime * 100) / 100,
      ...(request.outcome === null ? {} : { outcome: request.outcome }),
      ...failure,
      ...(cutBy ? { err: cutBy } : {}),
    };
    if (cutBy) log.warn(line, 'cut off');
    else if (!isAnswered) log.info(line, 'client left');
    else if (status >= 500) log[failure?.err ? 'error' : 'warn'](line, 'answered');
    else if (hasWrongKey) log.warn(line, 'wrong key');
    else log.info(line, 'answered');
  }

  /** Writes the line of what never became a request: nobody knows its route or its key. */
  writeBroken(log: FastifyBaseLogger, address: string | null, status: number): void {
    if (!this.#takes(false, address, status)) return;
    log.info({ address, key: null, method: null, route: null, status, error: 'invalid' }, 'answered');
  }

  #takes(hasWrongKey: boolean, address: string | null, status: number | null): boolean {
    return this.#strangers.takes(hasWrongKey ? 'wrong key' : 'answered', toClient(address ?? undefined), status);
  }

  #addressOf(request: FastifyRequest): string | null {
    const { remoteAddress } = request.socket;
    return this.#isTrustedProxy(remoteAddress) ? addressOf(request) : toPlain(remoteAddress);
  }
}

function userOf(request: FastifyRequest): string | undefined {
  return request.routeOptions.config?.dialect?.addressOf(request)?.id;
}
