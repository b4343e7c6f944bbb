import type { IncomingMessage } from 'node:http';

/** How much longer than its own timeout a call may take, in milliseconds. */
const MARGIN_MS = 10_000;

/** The longest call that is no stream, in milliseconds. */
const LONGEST_CALL_MS = 300_000;

/** How much of a body is looked at, in bytes: it is passed on as it comes all the same. */
const MOST_BYTES = 2 ** 20;

/** The timeouts of calls that name none, in milliseconds, by the ends of their paths. */
const USUAL: readonly (readonly [RegExp, number])[] = [
  [/^\/sandbox\/[^/]+\/(?:contexts\/[^/]+\/)?execute$/, 30_000],
  [/^\/sandbox\/[^/]+\/shell$/, 60_000],
  [/^\/sandbox\/[^/]+\/pip\/install$/, 120_000],
  [/\/(?:execute|exec|run|run_code|run_command|shell|commands?|code|install|wait|stdin|mcp)$/, LONGEST_CALL_MS],
];

/** Watches a body as it passes by for how long its answer may take. */
export class BodyWatch {
  readonly #chunks: Buffer[] = [];
  #bytes = 0;

  /** The same bytes, as they come. */
  async *pass(body: AsyncIterable<Buffer>): AsyncGenerator<Buffer> {
    for await (const chunk of body) {
      this.#bytes += chunk.length;
      if (this.#bytes <= MOST_BYTES) this.#chunks.push(chunk);
      yield chunk;
    }
  }

  /** What it said; null for what is no object of JSON. */
  read(): unknown {
    if (this.#bytes === 0 || this.#bytes > MOST_BYTES) return null;
    try {
      return JSON.parse(Buffer.concat(this.#chunks).toString());
    } catch {
      return null;
    }
  }
}

/**
 * How long the head of an answer may take once the request is sent, in milliseconds; null for streams, which take as long as they like.
 * A call that has a timeout of its own may take that and some time more.
 */
export function answerMs(
  { url = '', headers }: Pick<IncomingMessage, 'url' | 'headers'>,
  body: unknown,
  usualMs: number,
) {
  const [path = '', query = ''] = url.split('?', 2);
  if (isStream(headers, body, query)) return null;
  const own = numberIn(body, 'timeout') ?? numberOf(new URLSearchParams(query).get('timeout'));
  if (own !== null) return own * 1000 + MARGIN_MS;
  const [, runMs] = USUAL.find(([pattern]) => pattern.test(path)) ?? [];
  return runMs === undefined ? usualMs : runMs + MARGIN_MS;
}

function isStream(headers: IncomingMessage['headers'], body: unknown, query: string): boolean {
  if (/\b(?:text\/event-stream|application\/x-ndjson|application\/connect\+)/.test(headers.accept ?? '')) return true;
  if (/^application\/connect\+/.test(headers['content-type'] ?? '')) return true;
  if (headers['e2b-sandbox-id'] !== undefined || /(?:^|&)(?:follow|stream)=(?:true|1)/.test(query)) return true;
  return isRecord(body) && body.stream === true;
}

function numberIn(body: unknown, name: string): number | null {
  return isRecord(body) ? numberOf(body[name]) : null;
}

function numberOf(value: unknown): number | null {
  if (value === null || value === undefined || value === '') return null;
  const number = Number(value);
  return Number.isFinite(number) && number > 0 ? number : null;
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
