import { decode } from '../../sent-form.ts';

/** What may be signed, as methods and the part of the path behind the user's id. */
const SIGNABLE: readonly { readonly methods: readonly string[]; readonly path: RegExp }[] = [
  { methods: ['GET', 'PUT'], path: /^(?:raw|archive)$/ },
  { methods: ['GET'], path: /^(?:file|fs|fs\/[a-z]+)$/ },
  { methods: ['GET'], path: /^processes\/\d+\/(?:events|output|attach)$/ },
  { methods: ['POST'], path: /^processes\/\d+\/stdin$/ },
  { methods: ['GET'], path: /^ports(?:\/.*)?$/ },
];

const TARGET = /^\/sandbox\/([^/?]+)\/([^?]*)(?:\?(.*))?$/;

/** Why a request cannot be signed for this user, as the end of a sentence; null where it can. */
export function whyNotSignable(method: string, target: string, userId: string): string | null {
  const [, user = '', path = '', query = ''] = TARGET.exec(target) ?? [];
  if (decode(user) !== userId) return 'must be about this sandbox';
  if (/(?:^|&)signature=/.test(query)) return 'must not be signed already';
  const isSignable = SIGNABLE.some((one) => one.methods.includes(method) && one.path.test(path));
  return isSignable ? null : `is nothing that can be signed for ${method}`;
}
