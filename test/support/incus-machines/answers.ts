import type { IncomingMessage } from 'node:http';
import { text } from 'node:stream/consumers';

/** A request to Incus' API. */
export interface Request {
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  // biome-ignore lint/suspicious/noExplicitAny: what the server sends is what is tested, and each route names what it reads.
  readonly body: any;
}

/** What an answer says: bytes of a file, or its metadata. */
export type Reply = Buffer | object;

/** What Incus refuses, in its own words. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}

/** Answers as Incus does: at once, or by an operation where `metadata` has one. */
export async function toRequest(message: IncomingMessage, answer: (request: Request) => Promise<Reply>) {
  const { pathname: path, searchParams: query } = new URL(message.url ?? '', 'http://incus');
  const { method = 'GET' } = message;
  // Files and folders come as bytes, and none of them where they are empty.
  const sent = await text(message);
  const body = sent === '' ? {} : JSON.parse(sent);
  try {
    const reply = await answer({ method, path, query, body });
    if (Buffer.isBuffer(reply)) return { status: 200, headers: { 'x-incus-type': 'file' }, body: reply };
    const operation = 'operation' in reply ? `/1.0/operations/${reply.operation}` : '';
    const metadata = 'operation' in reply ? { id: String(reply.operation), metadata: reply } : reply;
    return toJson(200, { type: operation === '' ? 'sync' : 'async', operation, metadata });
  } catch (error) {
    const status = error instanceof Refusal ? error.status : 500;
    return toJson(status, { type: 'error', error: String((error as Error).message), error_code: status });
  }
}

function toJson(status: number, body: object) {
  return { status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) };
}
