import { Readable, type Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import type { Pool } from 'undici';
import type { WebSocket } from 'ws';
import { z } from 'zod';
import { SandboxError } from '../../base/errors.ts';
import { engineSilent, farSilent, IncusRefusal, isAway, meaningOf, toSandboxError } from './errors.ts';
import { OperationStreams } from './operation-streams.ts';
import { type IncusPlace, type Way, wayTo } from './place.ts';

/** One message of a program's output; Incus sends 32 KiB at a time. */
const MAX_MESSAGE_BYTES = 4 * 2 ** 20;

const answerSchema = z.object({
  type: z.string(),
  error: z.string().default(''),
  error_code: z.number().default(0),
  operation: z.string().default(''),
  metadata: z.unknown(),
});

type Answer = z.infer<typeof answerSchema>;

/** The connection to Incus: each call gets a deadline and translated errors; it owns all sockets. */
export class IncusCalls {
  readonly timeoutMs: number;
  readonly project: string;
  readonly #way: Way;
  readonly #silent: (cause: unknown) => SandboxError;
  #pool: Pool;
  readonly #streams: OperationStreams;
  #isClosed = false;

  /** `silent` is the error of a call that reaches nobody, where it is not the usual. */
  constructor(place: IncusPlace, timeoutMs: number, silent = silenceOf(place)) {
    this.timeoutMs = timeoutMs;
    this.project = place.project;
    this.#silent = silent;
    this.#way = wayTo(place);
    this.#pool = this.#way.open();
    this.#streams = new OperationStreams({
      origin: this.#way.socketOrigin,
      options: {
        maxPayload: MAX_MESSAGE_BYTES,
        perMessageDeflate: false,
        handshakeTimeout: timeoutMs,
        ...this.#way.tls,
      },
      // Only who is on its machine may ask for that.
      isCarrying: 'socketPath' in place ? () => this.#isCarrying() : null,
    });
  }

  /** Reads something; `doing` completes "Incus could not …". Throws a SandboxError. */
  async get(doing: string, path: string, timeoutMs = this.timeoutMs): Promise<unknown> {
    return (await this.#run(doing, timeoutMs, (signal) => this.#ask('GET', path, undefined, signal))).metadata;
  }

  /** The bytes and headers of an answer that is no JSON. */
  async getRaw(
    doing: string,
    path: string,
  ): Promise<{ readonly body: Buffer; readonly headers: Readonly<Record<string, unknown>> }> {
    return await this.#run(doing, this.timeoutMs, async (signal) => {
      const { statusCode, headers, body } = await this.#request('GET', path, undefined, signal);
      const bytes = Buffer.from(await body.arrayBuffer());
      if (statusCode >= 400) throw toRefusal(statusCode, bytes.toString());
      return { body: bytes, headers };
    });
  }

  /** Writes the bytes of an answer into a stream, which it ends. */
  async download(doing: string, path: string, to: Writable, timeoutMs: number): Promise<void> {
    await this.#run(doing, timeoutMs, async (signal) => {
      const { statusCode, body } = await this.#request('GET', path, undefined, signal);
      if (statusCode >= 400) throw toRefusal(statusCode, await body.text());
      await pipeline(body, to, { signal });
    });
  }

  /** Asks whether something is there, without its bytes. */
  async head(doing: string, path: string): Promise<void> {
    await this.#run(doing, this.timeoutMs, async (signal) => {
      const { statusCode, body } = await this.#request('HEAD', path, undefined, signal);
      await body.dump();
      if (statusCode >= 400) throw toRefusal(statusCode, '');
    });
  }

  /** Makes an empty file or a folder, which is root's, in an instance; a folder that is there stays. */
  async makeFile(doing: string, path: string, type: 'file' | 'directory'): Promise<void> {
    await this.#run(doing, this.timeoutMs, async (signal) => {
      const mode = type === 'file' ? '0644' : '0755';
      const headers = { 'x-incus-type': type, 'x-incus-mode': mode, 'x-incus-uid': '0', 'x-incus-gid': '0' };
      const { statusCode, body } = await this.#request('POST', path, undefined, signal, headers);
      const text = await body.text();
      if (statusCode >= 400) throw toRefusal(statusCode, text);
    });
  }

  /** Changes something and waits until that is done, however Incus does it; the body is JSON, or a stream of bytes. */
  async change(
    doing: string,
    method: 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    timeoutMs = this.timeoutMs,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await this.#run(doing, timeoutMs, async (signal) => {
      const { type, operation } = await this.#ask(method, path, body, signal, headers);
      if (type === 'async') await this.#ask('GET', `${pathIn(operation)}/wait`, undefined, signal);
    });
  }

  /** Begins something that goes on; resolves with what Incus says of the operation. */
  async begin(
    doing: string,
    path: string,
    body: unknown,
  ): Promise<{ readonly operation: string; readonly metadata: unknown }> {
    const begun = await this.#run(doing, this.timeoutMs, (signal) => this.#ask('POST', path, body, signal));
    return { ...begun, operation: pathIn(begun.operation) };
  }

  /** Opens a websocket of an operation. What it says may come before it is open: the caller listens at once. */
  socket(operation: string, secret: string): WebSocket {
    if (this.#isClosed) throw engineSilent();
    const project = encodeURIComponent(this.project);
    return this.#streams.open(`${operation}/websocket?secret=${encodeURIComponent(secret)}&project=${project}`);
  }

  /** Ends all calls and streams that are under way; others go on. */
  async interrupt(): Promise<void> {
    const pool = this.#pool;
    this.#pool = this.#way.open();
    this.#streams.end();
    await pool.destroy();
  }

  /** Ends all calls and streams. */
  async close(): Promise<void> {
    this.#isClosed = true;
    await this.interrupt();
    await this.#pool.destroy();
  }

  /** Incus answers most questions until its very end; only this one says that it is to come. */
  async #isCarrying(): Promise<boolean> {
    return await this.get('say whether it is there', '/internal/ready').then(
      () => true,
      (error: unknown) => !isAway(error),
    );
  }

  async #run<T>(doing: string, timeoutMs: number, call: (signal: AbortSignal) => Promise<T>): Promise<T> {
    if (this.#isClosed) throw engineSilent();
    const signal = AbortSignal.timeout(timeoutMs);
    try {
      return await Promise.race([call(signal), whenRaised(signal)]);
    } catch (error) {
      // It waits for its streams before it ends.
      if (meaningOf(error) === 'is-ending') this.#streams.end();
      if (!signal.aborted) throw toSandboxError(error, doing, this.#silent);
      throw new SandboxError('timeout', `Incus took too long to ${doing} (more than ${timeoutMs} ms).`, {
        cause: error,
      });
    }
  }

  async #ask(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body: unknown,
    signal: AbortSignal,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const { statusCode, body: stream } = await this.#request(method, path, body, signal, headers);
    const text = await stream.text();
    if (statusCode >= 400) throw toRefusal(statusCode, text);
    const answer = answerSchema.parse(JSON.parse(text));
    if (answer.type === 'error') throw new IncusRefusal(answer.error_code, answer.error);
    return answer;
  }

  /** Asks in the server's project, unless the path names another. */
  async #request(
    method: 'GET' | 'HEAD' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body: unknown,
    signal: AbortSignal,
    headers: Readonly<Record<string, string>> = {},
  ) {
    const own = `${path.includes('?') ? '&' : '?'}project=${encodeURIComponent(this.project)}`;
    return await this.#pool.request({
      method,
      path: path.includes('?project=') ? path : `${path}${own}`,
      signal,
      ...toContent(body, headers),
    });
  }
}

function toContent(body: unknown, headers: Readonly<Record<string, string>>) {
  if (body === undefined) return { headers };
  if (body instanceof Readable) return { body, headers: { ...headers, 'content-type': 'application/octet-stream' } };
  return { body: JSON.stringify(body), headers: { ...headers, 'content-type': 'application/json' } };
}

/** Rejects when the signal is raised: a request that waits for its connection does not hear of it. */
async function whenRaised(signal: AbortSignal): Promise<never> {
  return await new Promise((_resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true });
  });
}

function silenceOf(place: IncusPlace): (cause: unknown) => SandboxError {
  return 'url' in place ? (cause) => farSilent(place.url, cause) : engineSilent;
}

/** An operation's path; members of a cluster tell it with the project. */
function pathIn(operation: string): string {
  return operation.split('?')[0] ?? '';
}

function toRefusal(status: number, text: string): IncusRefusal {
  try {
    const { error, error_code: code } = answerSchema.parse(JSON.parse(text));
    return new IncusRefusal(code || status, error);
  } catch {
    return new IncusRefusal(status, text.slice(0, 200));
  }
}
