import { JsonText } from './json-text.ts';

/** The MIME types that results have keys of their own for. */
const KEYS: Readonly<Record<string, string>> = {
  'text/plain': 'text',
  'text/html': 'html',
  'text/markdown': 'markdown',
  'image/svg+xml': 'svg',
  'image/png': 'png',
  'image/jpeg': 'jpeg',
  'application/pdf': 'pdf',
  'text/latex': 'latex',
  'application/json': 'json',
  'application/javascript': 'javascript',
  'application/vnd.clara.data+json': 'data',
  'application/vnd.clara.chart+json': 'chart',
};

/** A value that code has shown, as clients have it: by kind, and what has no kind by its MIME type in `extra`. */
export function toResult(bundle: Readonly<Record<string, unknown>>, isMain: boolean) {
  const known: Record<string, unknown> = {};
  const extra: Record<string, unknown> = {};
  for (const [type, value] of Object.entries(bundle)) {
    const key = Object.hasOwn(KEYS, type) ? KEYS[type] : undefined;
    if (key === undefined) extra[type] = value;
    else known[key] = typeof value === 'string' ? toKnown(key, value) : value;
  }
  const more = Object.keys(extra).length > 0 ? { extra } : {};
  return { type: 'result', ...known, ...more, is_main_result: isMain };
}

function toKnown(key: string, text: string): string | JsonText {
  if (key === 'text') return withoutQuotes(text);
  return key === 'data' || key === 'chart' ? (JsonText.of(text) ?? text) : text;
}

/** A text as its repr quotes it. */
function withoutQuotes(text: string): string {
  const [first] = text;
  return text.length > 1 && (first === "'" || first === '"') && text.endsWith(first) ? text.slice(1, -1) : text;
}
