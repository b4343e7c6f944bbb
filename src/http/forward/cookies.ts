/** The cookies of a request but for one, and that one's value; a name counts in any case, as browsers reserve its prefix so. */
export function takeCookie(
  header: string,
  name: string,
): { readonly value: string | null; readonly rest: string | null } {
  let value: string | null = null;
  const rest = header.split(';').filter((part) => {
    const [own = '', ...more] = part.split('=');
    if (own.trim().toLowerCase() !== name.toLowerCase()) return part.trim() !== '';
    value ??= more.join('=').trim();
    return false;
  });
  return { value, rest: rest.length === 0 ? null : rest.map((part) => part.trim()).join('; ') };
}

/** A cookie that an answer sets, for the host that it comes from alone: without `Domain`; null for one of this name. */
export function withoutDomain(setCookie: string, reserved: string): string | null {
  const [pair = '', ...attributes] = setCookie.split(';');
  if ((pair.split('=')[0] ?? '').trim().toLowerCase() === reserved.toLowerCase()) return null;
  const kept = attributes.filter((attribute) => !/^\s*domain\s*(?:=|$)/i.test(attribute));
  return [pair, ...kept].join(';');
}
