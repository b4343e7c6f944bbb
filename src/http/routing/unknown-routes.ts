import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify';
import { HttpError } from '../errors/http-error.ts';
import { type ChooseDialect, DIALECT } from './dialect-constraint.ts';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** True for a route that stands for all that is none, where a scope has something to say first; it calls `refuseUnknown`. */
    isUnknown?: true;
  }
  interface FastifyInstance {
    /** Answers a request to what is no route. */
    refuseUnknown(request: FastifyRequest, reply: FastifyReply): void;
  }
}

/** A route as it was registered. Hooks of inner scopes, which come after that of this file, say more of it in the options themselves. */
interface Registered {
  readonly url: string;
  readonly method: RouteOptions['method'];
  readonly route: RouteOptions;
}

/** The methods of the routes with one URL. */
class Address {
  readonly methods = new Set<string>();
  /** The dialect that alone reaches them; undefined where their path decides. */
  readonly dialect: string | undefined;
  readonly #url: string;
  #pattern: RegExp | undefined;

  constructor(url: string, dialect: string | undefined) {
    this.#url = url;
    this.dialect = dialect;
  }

  /** The paths that these routes take; made when the first request asks for what is no route. */
  get pattern(): RegExp {
    this.#pattern ??= toPattern(this.#url);
    return this.#pattern;
  }
}

/**
 * Answers what is no route, and OPTIONS, before a body is looked at: 405 with the methods that the address takes, 404 where it is
 * none. Learns the routes that are registered after it.
 */
export function answerUnknownRoutes(app: FastifyInstance, choose: ChooseDialect): void {
  const routes: Registered[] = [];
  app.addHook('onRoute', (route) => void routes.push({ url: route.url, method: route.method, route }));
  let addresses: readonly Address[] = [];
  app.addHook('onReady', async () => {
    addresses = toAddresses(routes);
  });
  app.decorate('refuseUnknown', (request, reply) => {
    const methods = methodsOf(request, choose(request.raw), addresses);
    if (methods.length === 0) throw new HttpError(404, 'Not Found');
    const allow = [...methods, 'OPTIONS'];
    if (request.method !== 'OPTIONS') throw otherMethod(request.method, allow);
    reply.code(204).header('Allow', allow.join(', ')).send();
  });
  app.addHook('onRequest', (request, reply, done) => {
    const { isPassedOn, isUnknown } = request.routeOptions.config ?? {};
    const isRoute = !request.is404 && (request.method !== 'OPTIONS' || isPassedOn === true);
    if (isRoute || isUnknown === true) return done();
    app.refuseUnknown(request, reply);
  });
}

function toAddresses(routes: readonly Registered[]): readonly Address[] {
  const addresses = new Map<string, Address>();
  for (const { url, method, route } of routes) {
    const { config, constraints } = route;
    // Another site, whose routes are none of this one's, or what is no address.
    if (config?.isPreview === true || config?.isUnknown === true) continue;
    const named: unknown = constraints?.[DIALECT];
    const dialect = typeof named === 'string' ? named : undefined;
    const key = `${dialect ?? ''} ${url}`;
    const address = addresses.get(key) ?? new Address(url, dialect);
    for (const name of [method].flat()) address.methods.add(name);
    addresses.set(key, address);
  }
  return [...addresses.values()];
}

/** The methods that the address of a request takes, OPTIONS aside; none where nothing has that address. */
function methodsOf(
  request: FastifyRequest,
  dialect: string | undefined,
  addresses: readonly Address[],
): readonly string[] {
  const path = toPath(request.url);
  // The server as a whole. RFC 9110, section 9.3.7.
  if (path === '*') return ['GET', 'HEAD', 'POST', 'PUT', 'DELETE'];
  const matching = addresses.filter((each) => each.dialect === dialect && each.pattern.test(path));
  return [...new Set(matching.flatMap(({ methods }) => [...methods]))].filter((method) => method !== 'OPTIONS');
}

/** The path of a target, which may be a whole URL, with what needs no escape unescaped. */
function toPath(target: string): string {
  const path = target.replace(/^https?:\/\/[^/?#]*/i, '').replace(/[?#].*$/s, '');
  try {
    return decodeURI(path);
  } catch {
    return path;
  }
}

/** Matches the paths that a route with this URL takes. */
function toPattern(url: string): RegExp {
  const parts = url.split(/(:\w+|\*)/).map((part) => {
    if (part.startsWith(':')) return '[^/]*';
    return part === '*' ? '.*' : part.replace(/[.+?^${}()|[\]\\]/g, '\\$&');
  });
  return new RegExp(`^${parts.join('')}$`, 's');
}

/** RFC 9110, section 15.5.6. */
function otherMethod(method: string, allow: readonly string[]): HttpError {
  const names = `${allow.slice(0, -1).join(', ')} and ${allow.at(-1)}`;
  const sentence = `This address takes ${names}, not ${method}.`;
  return new HttpError(405, sentence, { headers: { Allow: allow.join(', ') } });
}
