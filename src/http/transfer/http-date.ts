const FORMS = /^(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)\w*,? .*GMT$/;

/** A time as headers have it, in whole seconds; what is before 1970 is not told. */
export function toHttpDate(milliseconds: number): string {
  return new Date(Math.max(0, milliseconds)).toUTCString();
}

/** The milliseconds since 1970 of a time in a header, null where it is none and so does not count. RFC 9110, section 5.6.7. */
export function parseHttpDate(header: string | undefined): number | null {
  const milliseconds = header !== undefined && FORMS.test(header) ? Date.parse(header) : Number.NaN;
  return Number.isNaN(milliseconds) ? null : milliseconds;
}

/** True where a file of that time is no older than a header says: something was changed since, as far as whole seconds tell. */
export function isChangedSince(header: string | undefined, modifiedMs: number): boolean {
  const sinceMs = parseHttpDate(header);
  return sinceMs !== null && Math.floor(modifiedMs / 1000) * 1000 > sinceMs;
}
