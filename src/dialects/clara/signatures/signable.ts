/** What may be signed, as methods and the part of the path behind the user's id. */
const SIGNABLE: readonly { readonly methods: readonly string[]; readonly path: RegExp }[] = [
  { methods: ['GET', 'PUT'], path: /^(?:raw|archive)$/ },
  { methods: ['GET'], path: /^(?:file|fs|fs\/[a-z]+)$/ },
  { methods: ['GET'], path: /^processes\/\d+\/(?:events|output|attach)$/ },
  { methods: ['POST'], path: /^processes\/\d+\/stdin$/ },
  { methods: ['GET'], path: /^ports(?:\/.*)?$/ },
];

const TARGET = /^\/sandbox\/([^/?]+)\/([^?]*)(?:\?(.*))?$/;

/** Only what follows it is looked at. */
const ANY_ORIGIN = 'http://sandbox.invalid';

/** The path with its query in the form in which every client sends it; null where it has none, or would be cut at a `#`. */
export function toSentForm(target: string): string | null {
  if (!/^\/[^/]/.test(target) || target.includes('#') || !URL.canParse(target, ANY_ORIGIN)) return null;
  const { pathname, search } = new URL(target, ANY_ORIGIN);
  return decode(pathname + search) === null ? null : pathname + search;
}

/** Why a request cannot be signed for this user, as the end of a sentence; null where it can. */
export function whyNotSignable(method: string, target: string, userId: string): string | null {
  const [, user = '', path = '', query = ''] = TARGET.exec(target) ?? [];
  if (decode(user) !== userId) return 'must be about this sandbox';
  if (/(?:^|&)signature=/.test(query)) return 'must not be signed already';
  const isSignable = SIGNABLE.some((one) => one.methods.includes(method) && one.path.test(path));
  return isSignable ? null : `is nothing that can be signed for ${method}`;
}

function decode(text: string): string | null {
  try {
    return decodeURIComponent(text);
  } catch {
    return null;
  }
}
