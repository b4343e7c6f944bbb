import { randomBytes } from 'node:crypto';
import type { FastifyBaseLogger } from 'fastify';
import { Pool } from 'undici';
import type { Clock } from '../async/clock.ts';
import { SandboxError } from '../base/errors.ts';
import type { Header } from '../base/message-headers.ts';
import type { Remote } from '../config/remote.ts';
import { GATEWAY_HEADERS } from '../http/auth/gateway-headers.ts';
import { type Answer, AnswerHandler } from '../http/forward/answer-handler.ts';
import { Cutoff } from './cutoff.ts';

/** The longest head of an answer, in bytes. */
const MAX_HEAD_BYTES = 65_536;

/** When a client does well to come back, in seconds: it heals by itself. */
const RETRY_AFTER_SECONDS = 2;

/** How long what the other server is takes at the most to be told, in milliseconds. */
const KIND_MS = 5_000;

/** Not sooner after the last look does a refusal make this server look again at what its key is, in milliseconds. */
const LOOK_AGAIN_MS = 5_000;

/** What this server's key is over there: that of a gateway, which may speak for others, or one like any other. */
export type FarKey = 'gateway' | 'plain';

/** A body as it comes, or whole where it is small. */
export type PassedBody = Buffer | AsyncIterable<Buffer>;

/** A request, as it is sent to the other server. */
export interface FarRequest {
  readonly method: string;
  /** Path and query. */
  readonly target: string;
  /** Names and values in turn. */
  readonly headers: string[];
  readonly body: PassedBody | null;
  readonly isWebSocket: boolean;
  /** Raised when nobody waits for the answer any more. */
  readonly cutoff: Cutoff;
}

/** The server that holds the sandboxes. */
export class FarSide {
  /** Its scheme, name and port. */
  readonly origin: string;
  /** The name and the port by which it knows itself. */
  readonly host: string;
  readonly key: string;
  readonly timeoutMs: number;
  /** Marks what has passed this server, so that an address which leads back to it is found out. RFC 9110, section 7.6.3. */
  readonly via = `1.1 clara-gateway-${randomBytes(6).toString('hex')}`;
  readonly #prefix: string;
  readonly #pool: Pool;
  readonly #clock: Clock;
  readonly #logger: FastifyBaseLogger;
  #farKey: Promise<FarKey> | null = null;
  #lookedAtMs = 0;

  constructor(remote: Remote, clock: Clock, logger: FastifyBaseLogger) {
    const url = new URL(remote.url);
    this.origin = url.origin;
    this.host = url.host;
    this.#prefix = url.pathname.replace(/\/+$/, '');
    this.key = remote.key;
    this.timeoutMs = remote.timeoutSeconds * 1000;
    this.#clock = clock;
    this.#logger = logger;
    this.#pool = new Pool(url.origin, {
      connect: { timeout: this.timeoutMs },
      // Deadlines are those of each request.
      headersTimeout: 0,
      bodyTimeout: 0,
      maxHeaderSize: MAX_HEAD_BYTES,
      connections: null,
    });
  }

  /** Sends a request and resolves with the head of its answer. Throws `unavailable` where none comes. */
  async ask({ method, target, headers, body, isWebSocket, cutoff }: FarRequest): Promise<Answer> {
    const handler = new AnswerHandler();
    const abort = () => handler.abort(toError(cutoff.reason));
    if (cutoff.isRaised) abort();
    cutoff.onRaised = abort;
    try {
      this.#pool.dispatch(
        {
          method: method as 'GET',
          path: `${this.#prefix}${target}`,
          headers,
          body: body as never,
          upgrade: isWebSocket ? 'websocket' : null,
        },
        handler,
      );
      const answer = await handler.answer;
      const source = answer.upgraded ?? answer.body;
      source.once('close', () => {
        cutoff.onRaised = null;
      });
      return answer;
    } catch (cause) {
      cutoff.onRaised = null;
      throw cutoff.isRaised ? cutoff.reason : this.#away(cause);
    }
  }

  /** What this server's key is there; asked once, and again after a refusal. Throws `unavailable` while nobody answers, or the key is none. */
  farKey(): Promise<FarKey> {
    this.#farKey ??= this.#askForKey().catch((error: unknown) => {
      this.#farKey = null;
      throw error;
    });
    return this.#farKey;
  }

  /** Has the key looked at again: something was refused that its holder may do. */
  noteRefusal(): void {
    if (this.#clock.monotonicMs() - this.#lookedAtMs > LOOK_AGAIN_MS) this.#farKey = null;
  }

  /** What it answers as JSON; throws `unavailable` where that is nothing. */
  async read(
    target: string,
    more: readonly Header[] = [],
  ): Promise<{ readonly status: number; readonly body: unknown }> {
    const headers = ['Host', this.host, 'Via', this.via, 'X-API-Key', this.key, ...more.flat()];
    const cutoff = new Cutoff();
    const timer = setTimeout(() => cutoff.raise(new Error('It took too long.')), Math.min(KIND_MS, this.timeoutMs));
    const asked = { method: 'GET', target, headers, body: null, isWebSocket: false };
    try {
      const answer = await this.ask({ ...asked, cutoff });
      const chunks: Buffer[] = [];
      for await (const chunk of answer.body ?? []) chunks.push(chunk);
      return { status: answer.status, body: JSON.parse(Buffer.concat(chunks).toString() || 'null') };
    } catch (cause) {
      throw this.#away(cause);
    } finally {
      clearTimeout(timer);
    }
  }

  async close(): Promise<void> {
    await this.#pool.destroy();
  }

  async #askForKey(): Promise<FarKey> {
    this.#lookedAtMs = this.#clock.monotonicMs();
    const asGateway = await this.read('/info', [[GATEWAY_HEADERS.principal, 'gateway']]);
    if (asGateway.status === 200) return 'gateway';
    const { status } = asGateway.status === 403 ? await this.read('/info') : asGateway;
    if (status === 200) return 'plain';
    throw new SandboxError('unavailable', 'The server that holds the sandboxes does not take the key of this one.', {
      retryAfterSeconds: RETRY_AFTER_SECONDS,
      cause: new Error(`${this.origin} answered ${status} to SANDBOX_REMOTE_API_KEY, else SANDBOX_API_KEY`),
    });
  }

  #away(cause: unknown): SandboxError {
    if (cause instanceof SandboxError) return cause;
    this.#logger.debug({ err: cause }, 'the server that holds the sandboxes is away');
    const sentence = 'The server that holds the sandboxes does not answer, or has ended the connection; ask again.';
    return new SandboxError('unavailable', sentence, { cause, retryAfterSeconds: RETRY_AFTER_SECONDS });
  }
}

function toError(reason: unknown): Error {
  return reason instanceof Error ? reason : new Error('Nobody waits for the answer any more.');
}
