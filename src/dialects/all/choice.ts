import type { ChooseDialect } from '../../http/routing/dialect-constraint.ts';
import { showsE2bKey } from '../e2b/key-form.ts';
import { isUnnamed, namesSandbox, type Plane, planeOf, planeOfPort } from '../e2b/planes.ts';

type Head = Pick<Parameters<ChooseDialect>[0], 'url' | 'headers'>;

/** Names the dialect of a request that is its own by this rule; undefined for any other. */
type Rule = (head: Head) => string | undefined;

/** The paths of E2B's control plane at the root. */
const E2B_CONTROL = /^\/(?:v\d+\/)?(?:sandboxes|snapshots|templates|volumes|volumecontent|secrets)(?:\/|$)/;

/** Those that no other dialect has: who shows no key there is told that one is missing. */
const E2B_ALONE = /^\/(?:v\d+\/(?:sandboxes|templates)|snapshots|templates|volumes|volumecontent|secrets)(?:\/|$)/;

const byPrefix: Rule = (head) => {
  const [, first] = toPath(head.url).split('/');
  if (first === 'e2b') return toPlane(head);
  return first === 'mcp' ? first : undefined;
};

const byE2bHeaders: Rule = (head) =>
  namesSandbox(head.headers) || isUnnamed(head.headers, toPath(head.url)) ? toPlane(head) : undefined;

/** Where the other of two dialects begins with the same paths, the form of the key tells. */
const byE2bKey: Rule = ({ url, headers }) =>
  showsE2bKey(headers) && E2B_CONTROL.test(toPath(url)) ? 'e2b' : undefined;

const byE2bPath: Rule = ({ url }) => (E2B_ALONE.test(toPath(url)) ? 'e2b' : undefined);

/**
 * Which dialect a request is in that is to no host of previews, decided before routing by the first rule that knows: prefixes,
 * headers, the form of a key, paths that one dialect alone has. What none of them names is decided by its path alone.
 */
export const chooseDialect: ChooseDialect = (head) =>
  byPrefix(head) ?? byE2bHeaders(head) ?? byE2bKey(head) ?? byE2bPath(head);

/** The dialect of a host that shows a port of a sandbox by its id. */
export function dialectOfHost({ port }: { readonly port: number }): Plane {
  return planeOfPort(port);
}

function toPlane({ url, headers }: Head): Plane {
  return planeOf(headers, toPath(url));
}

/** Of a target, which may be a whole URL. */
function toPath(target = ''): string {
  return target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
}
