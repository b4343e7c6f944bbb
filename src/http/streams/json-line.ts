/** What ends a line for `str.splitlines` of Python, by which httpx reads lines, beside what JSON escapes anyway. */
const LINE_ENDS = /[\u0085\u2028\u2029]/g;

/** A line of a stream that holds this JSON, and is one line to every client. */
export function toJsonLine(json: string): string {
  return `${json.replace(LINE_ENDS, (end) => `\\u${end.charCodeAt(0).toString(16).padStart(4, '0')}`)}\n`;
}
