/** A header as it was sent: its name and its value. */
export type Header = readonly [name: string, value: string];

/** What is about one connection and not about the message. RFC 9110, section 7.6.1. */
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'proxy-authenticate',
  'proxy-authorization',
  'te',
  'trailer',
  'transfer-encoding',
  'upgrade',
]);

/** Names and values in turn, as pairs. */
export function toHeaders(flat: readonly string[]): readonly Header[] {
  const headers: Header[] = [];
  for (let at = 0; at + 1 < flat.length; at += 2) headers.push([flat[at] ?? '', flat[at + 1] ?? '']);
  return headers;
}

/** The headers of a message that go on to the next connection: without those of this one, and those that `Connection` names. */
export function endToEnd(headers: readonly Header[]): readonly Header[] {
  const named = headers
    .filter(([name]) => name.toLowerCase() === 'connection')
    .flatMap(([, value]) => value.split(',').map((part) => part.trim().toLowerCase()));
  const ends = new Set([...HOP_BY_HOP, ...named]);
  return headers.filter(([name]) => !ends.has(name.toLowerCase()));
}

/** Headers by their name in lower case, those that come several times as a list. */
export function toRecord(headers: readonly Header[]): Record<string, string | string[]> {
  const record = new Map<string, string[]>();
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    record.set(key, [...(record.get(key) ?? []), value]);
  }
  return Object.fromEntries(
    [...record].map(([name, values]) => [name, values.length > 1 ? values : (values[0] ?? '')]),
  );
}
