/** How a stream of events is written. */
export type StreamFormat = 'sse' | 'ndjson';

const TYPES: Readonly<Record<string, StreamFormat>> = {
  'text/event-stream': 'sse',
  'application/x-ndjson': 'ndjson',
};

/** The format that an Accept header asks for, the first of the two that it names; null where it takes JSON or names neither. */
export function acceptedFormat(accept: string | undefined): StreamFormat | null {
  const named = namedTypes(accept);
  return named.includes('application/json') ? null : firstFormat(named);
}

/** The same of an answer that is always a stream, whatever else is accepted: SSE where neither is named. */
export function streamFormat(accept: string | undefined): StreamFormat {
  return firstFormat(namedTypes(accept)) ?? 'sse';
}

/** The types that an Accept header names. RFC 9110, section 12.5.1, without the weights but for 0. */
function namedTypes(accept = ''): readonly string[] {
  return accept
    .split(',')
    .map((range) => range.split(';').map((part) => part.trim().toLowerCase()))
    .filter(([, ...parameters]) => !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter)))
    .map(([type = '']) => type);
}

function firstFormat(named: readonly string[]): StreamFormat | null {
  const type = named.find((name) => Object.hasOwn(TYPES, name));
  return type === undefined ? null : (TYPES[type] ?? null);
}
