import type { IncomingMessage } from 'node:http';

/** How much longer than its own timeout a call may take, in milliseconds. */
const MARGIN_MS = 10_000;

/** The longest call that names no timeout, in milliseconds; a stream begins within it. */
const LONGEST_CALL_MS = 300_000;

/** As far as timers reach, in milliseconds. */
const MOST_MS = 2 ** 31 - 1;

/** How much of a body is looked at, in bytes: it is passed on as it comes all the same. */
const MOST_BYTES = 2 ** 20;

/** The timeouts of calls that name none, in milliseconds, by the ends of their paths. */
const USUAL: readonly (readonly [RegExp, number])[] = [
  [/^\/sandbox\/[^/]+\/(?:contexts\/[^/]+\/)?execute$/, 30_000],
  [/^\/sandbox\/[^/]+\/shell$/, 60_000],
  [/^\/sandbox\/[^/]+\/pip\/install$/, 120_000],
  [/\/(?:execute|exec|run|run_code|run_command|shell|commands?|code|install|wait|stdin|mcp)$/, LONGEST_CALL_MS],
];

/** A body that says neither of these is not parsed. */
const TELLING = ['"timeout"', '"stream"'];

/** Watches a body as it passes by for how long its answer may take. */
export class BodyWatch {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  /** Sees a part of it. */
  see(chunk: Buffer): void {
    this.#bytes += chunk.length;
    if (this.#bytes <= MOST_BYTES) this.#chunks.push(chunk);
  }

  /** The same bytes, as they come. */
  async *pass(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of body) {
      this.see(chunk);
      yield chunk;
    }
  }

  /** What it said; null for what is no object of JSON, or says nothing of time. */
  read(): unknown {
    if (this.#bytes === 0 || this.#bytes > MOST_BYTES) return null;
    const bytes = this.#chunks.length === 1 && this.#chunks[0] ? this.#chunks[0] : Buffer.concat(this.#chunks);
    if (!TELLING.some((word) => bytes.includes(word))) return null;
    try {
      return JSON.parse(bytes.toString());
    } catch {
      return null;
    }
  }
}

/**
 * How long the head of an answer may take once the request is sent, in milliseconds. A call that has a timeout of its own may take that
 * and some time more; a stream takes as long as it likes once it has begun.
 */
export function answerMs(
  { url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>,
  body: unknown,
  usualMs: number,
): number {
  const [path = '', query = ''] = url.split('?', 2);
  const ownMs = ownSeconds(body, query) * 1000;
  if (isStream(headers, body, query)) return within(Math.max(LONGEST_CALL_MS, ownMs, usualMs));
  if (ownMs > 0) return within(ownMs);
  const [, runMs] = USUAL.find(([pattern]) => pattern.test(path)) ?? [];
  return runMs === undefined ? usualMs : within(runMs);
}

function within(ms: number): number {
  return Math.min(MOST_MS, ms + MARGIN_MS);
}

function isStream(headers: IncomingMessage['headers'], body: unknown, query: string): boolean {
  if (/\b(?:text\/event-stream|application\/x-ndjson|application\/connect\+)/.test(headers.accept ?? '')) return true;
  if (/^application\/connect\+/.test(headers['content-type'] ?? '')) return true;
  if (headers['e2b-sandbox-id'] !== undefined || /(?:^|&)(?:follow|stream)=(?:true|1)/.test(query)) return true;
  return isRecord(body) && body.stream === true;
}

/** The timeout that a call names: in its body, as an argument of a tool of MCP, or in its query; 0 for none. */
function ownSeconds(body: unknown, query: string): number {
  const { timeout, params } = isRecord(body) ? body : {};
  const tool = isRecord(params) && isRecord(params.arguments) ? params.arguments : {};
  const asked = timeout ?? tool.timeout ?? (query === '' ? null : new URLSearchParams(query).get('timeout'));
  const seconds = Number(asked ?? 0);
  return Number.isFinite(seconds) && seconds > 0 ? seconds : 0;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
