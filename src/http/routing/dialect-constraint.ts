import type { IncomingMessage } from 'node:http';
import type { PreviewHosts } from './preview-hosts.ts';

/** What is known of a request before it has a route. */
export type RequestHead = Pick<IncomingMessage, 'url' | 'headers' | 'socket'>;

/** The name of the dialect that a request is in whatever routes its path fits; undefined where its path decides. */
export type ChooseDialect = (head: RequestHead) => string | undefined;

/** The name of the router's constraint. */
export const DIALECT = 'dialect';

/** Keeps the choice as a constraint of the router: a request in a chosen dialect reaches its routes alone, any other reaches none of them. */
export function dialectConstraint(choose: ChooseDialect) {
  return {
    name: DIALECT,
    mustMatchWhenDerived: true,
    storage: () => {
      const handlers = new Map<unknown, never>();
      return {
        get: (name: unknown) => handlers.get(name) ?? null,
        set: (name: unknown, handler: never) => void handlers.set(name, handler),
        del: (name: unknown) => void handlers.delete(name),
        empty: () => handlers.clear(),
      };
    },
    // The router takes undefined for no choice, which its types do not say.
    deriveConstraint: (head: RequestHead) => choose(head) as string,
  };
}

/** The dialect of a host that shows a port of a sandbox by its id. */
type ChooseByHost = (place: { readonly port: number }) => string;

/** The same choice for all but the hosts of previews: what runs there is reached whatever headers its visitors send. */
export function chooseByHostFirst(hosts: PreviewHosts, byHost: ChooseByHost, choose: ChooseDialect): ChooseDialect {
  return (head) => {
    const name = hosts.nameOf(head);
    if (!hosts.isPreview(name)) return choose(head);
    const place = hosts.idPlaceOf(name);
    return place === null ? undefined : byHost(place);
  };
}
