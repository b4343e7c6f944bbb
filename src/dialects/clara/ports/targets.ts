import { SIGNATURE } from '../../../auth/url-signer.ts';

/** Path and query of a request, of whatever form its target is. RFC 9112, section 3.2. */
export function originForm(url: string): string {
  const target = url.replace(/^https?:\/\/[^/?#]*/i, '');
  return target.startsWith('/') ? target : `/${target}`;
}

/** What is asked of the port itself in the path form, from its first slash on; as it was sent. */
export function belowPort(url: string): string {
  const [, below = '/'] = /^\/sandbox\/[^/?]*\/ports\/[^/?]*(\/.*)$/s.exec(originForm(url)) ?? [];
  return below;
}

/** The tokens of a query, as they were sent. */
export function tokensOf(target: string): readonly string[] {
  return partsOf(target)
    .filter((part) => part.startsWith(`${SIGNATURE}=`))
    .map((part) => part.slice(SIGNATURE.length + 1));
}

/** The target without this token; the rest as it was sent. */
export function withoutToken(target: string, token: string | null): string {
  if (token === null) return target;
  const [path = ''] = target.split('?', 1);
  const rest = partsOf(target).filter((part) => part !== `${SIGNATURE}=${token}`);
  return rest.length === 0 ? path : `${path}?${rest.join('&')}`;
}

/** The target below a prefix. */
export function below(prefix: string | null, target: string): string {
  return `${prefix ?? ''}${target}`;
}

/** The same for pages, whose links name the prefix already. */
export function belowOnce(prefix: string | null, target: string): string {
  if (prefix === null) return target;
  const [path = ''] = target.split('?', 1);
  return path === prefix || path.startsWith(`${prefix}/`) ? target : below(prefix, target);
}

function partsOf(target: string): readonly string[] {
  const at = target.indexOf('?');
  return at === -1 ? [] : target.slice(at + 1).split('&');
}
