import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import type { z } from 'zod';
import { isSandboxError } from '../../../base/errors.ts';
import { disconnectSignal } from '../../../http/connections/disconnect.ts';
import { HttpError } from '../../../http/errors/http-error.ts';
import { sendStream } from '../../../http/streams/sending.ts';
import type { SandboxRef } from '../../../sandboxes/asked/ref.ts';
import type { Sandboxes } from '../../../sandboxes/sandboxes.ts';
import { cutWhereGone } from '../cutting.ts';
import { userOf, visitOf } from '../visit.ts';
import { toPingMs, toTimeoutMs } from './connect/call-times.ts';
import { STATUS } from './connect/codes.ts';
import { ConnectError, toConnectError } from './connect/connect-error.ts';
import { readEnvelope } from './connect/envelope.ts';
import { parseMessage } from './connect/messages.ts';
import { toEnvelopes } from './connect/sending.ts';
import { type LinuxUser, requireUser } from './users.ts';

/** The media type of messages that are streamed. */
export const STREAM_TYPE = 'application/connect+json';

/** The longest message that begins a stream, in bytes. */
const MAX_STREAM_REQUEST = 2 ** 21;

/** Who calls a method, and how long for. */
export interface Call {
  readonly ref: SandboxRef;
  readonly user: LinuxUser;
  /** The id of the template that the sandbox was made from. */
  readonly templateId: string;
  /** Raised when nobody waits for the answer any more. */
  readonly signal: AbortSignal;
  /** What the client gives it, in milliseconds; null for any time. */
  readonly timeoutMs: number | null;
}

interface Method<Message> {
  /** Of the package too, as in the path. */
  readonly service: string;
  readonly name: string;
  readonly message: z.ZodType<Message>;
}

/** Methods of the Connect protocol over JSON, on the routes of a scope. */
export class Rpc {
  readonly #app: FastifyInstance;
  readonly #sandboxes: Sandboxes;

  constructor(app: FastifyInstance, sandboxes: Sandboxes) {
    this.#app = app;
    this.#sandboxes = sandboxes;
    app.addContentTypeParser(
      STREAM_TYPE,
      { parseAs: 'buffer', bodyLimit: MAX_STREAM_REQUEST },
      (_request, body, done) => done(null, body),
    );
  }

  /** A method with one message and one answer. */
  unary<Message>(
    { service, name, message }: Method<Message>,
    work: (call: Call, message: Message) => Promise<unknown>,
  ) {
    this.#app.post(`/${service}/${name}`, { schema: { hide: true } }, async (request, reply) => {
      requireType(request, 'application/json');
      try {
        const call = toCall(request, reply, []);
        const answer = await work(call, parseMessage(message, request.body ?? {}));
        return await reply.type('application/json').serializer(JSON.stringify).send(answer);
      } catch (error) {
        const { code, body } = toConnectError(error);
        noteFailure(request, error);
        return await reply.code(STATUS[code]).type('application/json').serializer(JSON.stringify).send(body);
      }
    });
  }

  /** A method whose answers come as they are made; `ping` is the one that says nothing else than that the stream lives. */
  stream<Message>(
    { service, name, message }: Method<Message>,
    ping: unknown,
    work: (call: Call, message: Message) => AsyncGenerator<unknown>,
  ) {
    this.#app.post(`/${service}/${name}`, { schema: { hide: true } }, async (request, reply) => {
      requireType(request, STREAM_TYPE);
      const bytes = Buffer.isBuffer(request.body) ? request.body : Buffer.alloc(0);
      async function* messages() {
        const call = toCall(request, reply, [request.server.closing]);
        yield* work(call, parseMessage(message, parseJson(readEnvelope(bytes))));
      }
      const envelopes = toEnvelopes(messages(), {
        ping,
        pingMs: toPingMs(request.headers),
        onFailure: (error) => noteFailure(request, error),
        isCut: async (error) => {
          if (request.server.closing.aborted || reply.raw.destroyed) return true;
          return await cutWhereGone(this.#sandboxes, visitOf(request).ref, reply, error);
        },
      });
      return await sendStream(reply, STREAM_TYPE, envelopes);
    });
  }
}

function toCall(request: FastifyRequest, reply: FastifyReply, ends: readonly AbortSignal[]): Call {
  const { headers } = request;
  const coding = headers['connect-content-encoding'];
  if (coding !== undefined && coding !== 'identity') {
    throw new ConnectError('unimplemented', `Messages are not decompressed here, by ${coding} or otherwise.`);
  }
  const { ref, tenancy } = visitOf(request);
  return {
    ref,
    templateId: tenancy.terms.template.id,
    user: requireUser(userOf(request)),
    signal: AbortSignal.any([disconnectSignal(reply), ...ends]),
    timeoutMs: toTimeoutMs(headers),
  };
}

function parseJson(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'));
  } catch (cause) {
    throw new ConnectError('invalid_argument', 'The message is not valid JSON.', { cause });
  }
}

function noteFailure(request: FastifyRequest, error: unknown): void {
  const { kind, message } = toConnectError(error);
  if (error instanceof Error && !isSandboxError(error)) request.failure = { error: 'internal', err: error };
  else request.failure = { error: kind, reason: message };
}

/** An empty message of another type has no bytes, and is none of this one all the same. */
function requireType({ headers }: FastifyRequest, type: string): void {
  const { 'content-type': given = type } = headers;
  if (given.split(';', 1)[0]?.trim().toLowerCase() === type) return;
  throw new HttpError(415, `Send this method's message as ${type}.`);
}
