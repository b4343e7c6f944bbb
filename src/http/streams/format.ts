/** How a stream of events is written. */
export type StreamFormat = 'sse' | 'ndjson';

const TYPES: Readonly<Record<string, StreamFormat>> = {
  'text/event-stream': 'sse',
  'application/x-ndjson': 'ndjson',
};

/**
 * The format that an Accept header asks for, the first of the two that it names; null where it takes JSON or names neither. RFC 9110,
 * section 12.5.1, without the weights but for 0.
 */
export function acceptedFormat(accept: string | undefined): StreamFormat | null {
  const named = (accept ?? '')
    .split(',')
    .map((range) => range.split(';').map((part) => part.trim().toLowerCase()))
    .filter(([, ...parameters]) => !parameters.some((parameter) => /^q=0(?:\.0*)?$/.test(parameter)))
    .map(([type = '']) => type);
  if (named.includes('application/json')) return null;
  const type = named.find((name) => name in TYPES);
  return type === undefined ? null : (TYPES[type] ?? null);
}
