/** Only what follows it is looked at. */
const ANY_ORIGIN = 'http://sandbox.invalid';

/** The path with its query in the form in which every client sends it; null where it has none, or would be cut at a `#`. */
export function toSentForm(target: string): string | null {
  if (!/^\/[^/]/.test(target) || target.includes('#') || !URL.canParse(target, ANY_ORIGIN)) return null;
  const { pathname, search } = new URL(target, ANY_ORIGIN);
  return decode(pathname + search) === null ? null : pathname + search;
}

/** The text behind its percent-encoding; null where that is none. */
export function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
