import type { ChooseDialect, RequestHead } from '../http/dialect-constraint.ts';

/** Names the dialect of a request that is its own by this rule; undefined for any other. */
type Rule = (head: Pick<RequestHead, 'url' | 'headers'>) => string | undefined;

/** Where the other of two dialects begins with the same paths, the form of the key tells: E2B's clients send no other. */
const E2B_KEY = /^e2b_[0-9a-f]+$/;

/** The paths of E2B's control plane at the root. */
const E2B_CONTROL = /^\/(?:v\d+\/)?(?:sandboxes|snapshots|templates|volumes|volumecontent|secrets)(?:\/|$)/;

const byPrefix: Rule = ({ url }) => {
  const [, first] = toPath(url).split('/');
  return first === 'e2b' || first === 'mcp' ? first : undefined;
};

const byE2bHeaders: Rule = ({ url = '', headers }) => {
  const names = Object.keys(headers).some((name) => name.startsWith('e2b-sandbox-'));
  const isSigned = toPath(url) === '/files' && /[?&]signature=/.test(url);
  return names || isSigned ? 'e2b' : undefined;
};

const byE2bKey: Rule = ({ url, headers }) => {
  const key = headers['x-api-key'];
  return typeof key === 'string' && E2B_KEY.test(key) && E2B_CONTROL.test(toPath(url)) ? 'e2b' : undefined;
};

/**
 * Which dialect a request is in that is to no host of previews, decided before routing by the first rule that knows: prefixes,
 * headers, the form of a key. What none of them names is decided by its path alone.
 */
export const chooseDialect: ChooseDialect = (head) => byPrefix(head) ?? byE2bHeaders(head) ?? byE2bKey(head);

/** Of a target, which may be a whole URL. */
function toPath(target = ''): string {
  return target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
}
