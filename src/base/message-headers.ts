/** A header as it was sent: its name and its value. */
export type Header = readonly [name: string, value: string];

/** What is about one connection and not about the message. RFC 9110, section 7.6.1. */
const CONNECTION = 'connection';
const HOP_BY_HOP: ReadonlySet<string> = new Set([
  CONNECTION,
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
  const named: string[] = [];
  for (const [name, value] of headers) {
    if (name.length !== CONNECTION.length || name.toLowerCase() !== CONNECTION) continue;
    for (const part of value.split(',')) named.push(part.trim().toLowerCase());
  }
  return headers.filter(([name]) => {
    const key = name.toLowerCase();
    return !HOP_BY_HOP.has(key) && !named.includes(key);
  });
}

/** Headers by their name in lower case, those that come several times as a list. */
export function toRecord(headers: readonly Header[]): Record<string, string | string[]> {
  // Names are a stranger's: none of them reaches a prototype.
  const record: Record<string, string | string[]> = Object.create(null);
  for (const [name, value] of headers) {
    const key = name.toLowerCase();
    const before = record[key];
    if (before === undefined) record[key] = value;
    else if (typeof before === 'string') record[key] = [before, value];
    else before.push(value);
  }
  return record;
}
