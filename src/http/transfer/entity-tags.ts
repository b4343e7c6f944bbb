/** The entity tags that a header such as If-Match lists, weak ones with their `W/`; `*` stands alone. RFC 9110, section 8.8.3. */
export function parseEntityTags(header: string): readonly string[] {
  if (header.trim() === '*') return ['*'];
  return header.match(/(?:W\/)?"[^"]*"/g) ?? [];
}

/** True where an If-None-Match header names the tag, so that the client has this version already. */
export function isListed(header: string | undefined, tag: string): boolean {
  return parseEntityTags(header ?? '').some((listed) => listed === '*' || listed.replace(/^W\//, '') === tag);
}

/** True where an If-Match header names the tag, which weak ones do not. */
export function isMatched(header: string, tag: string): boolean {
  return parseEntityTags(header).some((listed) => listed === '*' || listed === tag);
}
