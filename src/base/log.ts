import { type DestinationStream, type Logger, pino } from 'pino';

/** Header names that carry keys, wherever a log line shows headers. */
const SECRET_HEADERS = new Set(['authorization', 'proxy-authorization', 'cookie', 'x-api-key']);

/** How many objects may lie in one another around such a header: what an error of a client says of its request. */
const MAX_DEPTH = 4;

/** A log of JSON lines in which the headers that carry keys are blanked out, and in the names of sandboxes what tells their users unless `logsUsers` is set. */
export function createLogger(level: string, destination: DestinationStream, logsUsers = true): Logger {
  const err = (error: unknown) => (error instanceof Error ? withoutKeys({ ...pino.stdSerializers.err(error) }) : error);
  const serializers = logsUsers ? { err } : { err, sandbox: withoutUser };
  // Not pino's own `redact`, which copies each line once for each path: half of all that a request left to be collected.
  return pino({ level, serializers, formatters: { log: (line) => withoutKeys(line) } }, destination);
}

/** The same object without the keys that headers in it carry; itself where there are none. */
function withoutKeys(value: Record<string, unknown>, depth = 1): Record<string, unknown> {
  let clean = value;
  for (const name of Object.keys(value)) {
    const inner = value[name];
    let shown = inner;
    if (SECRET_HEADERS.has(name)) shown = '[secret]';
    else if (isObject(inner) && depth < MAX_DEPTH) shown = withoutKeys(inner, depth + 1);
    if (shown === inner) continue;
    if (clean === value) clean = { ...value };
    clean[name] = shown;
  }
  return clean;
}

/** False for an error, of which its serializer makes one. */
function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Error);
}

/** A sandbox's name without its readable part: the hash at its end is as good for telling sandboxes apart. */
function withoutUser(name: unknown): unknown {
  return typeof name === 'string' ? name.slice(name.lastIndexOf('-') + 1) : name;
}
