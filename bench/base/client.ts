import { Agent, type IncomingMessage, request } from 'node:http';
import { Readable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { openViewer, type Viewer } from './viewer.ts';

const MAX_SOCKETS = 64;

/** An answer of the server, whole; `body` is parsed where it is JSON. */
export interface Answer {
  readonly status: number;
  readonly body: Record<string, unknown>;
}

/** An HTTP client with kept connections, thin enough not to show in what it measures. */
export class Client {
  readonly #url: URL;
  readonly #key: string;
  readonly #agent = new Agent({ keepAlive: true, maxSockets: MAX_SOCKETS });

  constructor(url: string, key: string) {
    this.#url = new URL(url);
    this.#key = key;
  }

  /** Sends JSON and waits for the whole answer; throws on a status of 400 or more. */
  async call(method: string, path: string, body?: unknown): Promise<Record<string, unknown>> {
    const answer = await this.ask(method, path, body);
    if (answer.status >= 400) {
      throw new Error(`${method} ${path} answered ${answer.status}: ${JSON.stringify(answer.body)}`);
    }
    return answer.body;
  }

  /** Like `call`, for any status. */
  async ask(method: string, path: string, body?: unknown): Promise<Answer> {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const headers =
      text === undefined
        ? {}
        : { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) };
    const response = await this.#send(method, path, headers, (outgoing) => outgoing.end(text));
    const received = await buffer(response);
    return { status: response.statusCode ?? 0, body: received.length > 0 ? JSON.parse(received.toString()) : {} };
  }

  /** Runs Python in a user's sandbox; throws where it fails. */
  async execute(user: string, code: string): Promise<string> {
    return this.#program(`/sandbox/${user}/execute`, { code });
  }

  /** Runs a shell command in a user's sandbox; throws where it fails. */
  async shell(user: string, command: string): Promise<string> {
    return this.#program(`/sandbox/${user}/shell`, { command });
  }

  /** Sends a body of unknown structure as it is made; the answer's status. */
  async upload(path: string, size: number, chunks: Iterable<Buffer>): Promise<number> {
    const headers = { 'content-type': 'application/octet-stream', 'content-length': String(size) };
    const response = await this.#send('PUT', path, headers, (outgoing) => {
      void pipeline(Readable.from(chunks), outgoing).catch((error: Error) => outgoing.destroy(error));
    });
    await buffer(response);
    return response.statusCode ?? 0;
  }

  /** Reads a body and throws it away; its size and the answer's status. */
  async download(path: string): Promise<{ status: number; bytes: number }> {
    const response = await this.#send('GET', path, {}, (outgoing) => outgoing.end());
    let bytes = 0;
    for await (const chunk of response) bytes += (chunk as Buffer).length;
    return { status: response.statusCode ?? 0, bytes };
  }

  /** Reads an answer to its end; how long its first byte took, in milliseconds. */
  async firstByte(method: string, path: string, body: unknown): Promise<number> {
    const text = JSON.stringify(body);
    const headers = { 'content-type': 'application/json', 'content-length': String(Buffer.byteLength(text)) };
    const startedAt = performance.now();
    const response = await this.#send(method, path, headers, (outgoing) => outgoing.end(text));
    let elapsed: number | null = null;
    for await (const _ of response) elapsed ??= performance.now() - startedAt;
    if (response.statusCode !== 200 || elapsed === null) throw new Error(`${path} answered ${response.statusCode}.`);
    return elapsed;
  }

  /** Attaches to a terminal. */
  attach(path: string): Promise<Viewer> {
    return openViewer(new URL(path, this.#url), { 'x-api-key': this.#key });
  }

  close(): void {
    this.#agent.destroy();
  }

  async #program(path: string, body: unknown): Promise<string> {
    const answer = await this.call('POST', path, body);
    if (answer.success !== true) throw new Error(`${path} failed: ${JSON.stringify(answer)}`);
    return String(answer.output);
  }

  #send(
    method: string,
    path: string,
    headers: Record<string, string>,
    feed: (outgoing: ReturnType<typeof request>) => void,
  ): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const outgoing = request({
        host: this.#url.hostname,
        port: this.#url.port,
        method,
        path,
        headers: { 'x-api-key': this.#key, ...headers },
        agent: this.#agent,
      });
      outgoing.once('response', resolve);
      outgoing.once('error', reject);
      feed(outgoing);
    });
  }
}
