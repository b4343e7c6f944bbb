import type { FastifyReply, FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { SandboxError } from '../../../base/errors.ts';
import type { Header } from '../../../base/message-headers.ts';
import type { KeyCheck } from '../../../http/auth/key-check.ts';
import { isForeignPage } from '../../../http/browsers/foreign-pages.ts';
import { takeCookie } from '../../../http/forward/cookies.ts';
import { toPageHeaders } from '../../../http/forward/page-headers.ts';
import { leaveBodies, passedMethods } from '../../../http/forward/passed-requests.ts';
import { PORT_COOKIE } from '../../../http/forward/request-headers.ts';
import { UNSETTLED } from '../../../ports/ports.ts';
import { SHARED_NAMESPACE } from '../../../sandboxes/asked/ref.ts';
import type { OwnedPort } from '../../../sandboxes/port-notes.ts';
import type { Core } from '../../dialect.ts';
import { type Admitted, PortAdmission } from './admission.ts';
import { isPageWanted, showFailuresAsPages } from './failure-page.ts';
import { passToPort } from './passing.ts';
import type { PortOptions } from './routes.ts';
import { belowOnce, originForm, tokensOf, withoutToken } from './targets.ts';

/** The native dialect: what runs on a port, for browsers, on a host of its own. */
export const hostRoutes: FastifyPluginAsyncZod<Core & PortOptions & { keys: KeyCheck }> = async (app, core) => {
  const { hosts, ports, clock } = core;
  const admission = new PortAdmission(core);
  leaveBodies(app);
  showFailuresAsPages(app);

  const pass = async (request: FastifyRequest, reply: FastifyReply) => {
    const name = hosts.nameOf(request.raw);
    const place = hosts.placeOf(name);
    const owned = await ports.ownedPort(hosts.subdomainOf(name) ?? place ?? '');
    if (owned) return await passVisitor(request, reply, core, owned);
    const address = place && (await ports.addressOf(place.previewId));
    if (!place || address?.namespace !== SHARED_NAMESPACE) {
      throw new SandboxError('unreachable', 'There is no preview of this name.');
    }
    const asked = originForm(request.url);
    const isForeign = isForeignPage(request);
    const cookie = isForeign ? null : takeCookie(request.headers.cookie ?? '', PORT_COOKIE).value;
    const tokens = [...tokensOf(asked), ...(cookie === null ? [] : [cookie])];
    const asking = { userId: address.id, port: place.port, tokens, isHost: true, isForeign };
    const admitted = await admission.admit(request, asking);
    const target = withoutToken(asked, admitted.token);
    const setCookie = target === asked ? null : toCookie(admitted, clock.wallMs(), hosts.isLocal);
    if (setCookie !== null && isVisit(request)) {
      const headers = { 'Set-Cookie': setCookie, 'Referrer-Policy': 'no-referrer', 'Cache-Control': 'no-store' };
      return await reply.code(303).headers(headers).header('Location', onThisHost(target)).send();
    }
    return await passToPort(request, reply, core, {
      admitted,
      port: place.port,
      target: belowOnce(admitted.settings.pathPrefix, target),
      host: request.host,
      prefix: null,
      toAnswerHeaders: (headers) => withCookie(toPageHeaders(headers), setCookie),
    });
  };

  app.route({
    method: passedMethods(app),
    url: '*',
    constraints: { surface: 'preview' },
    config: {
      needsKey: true,
      streamsBody: true,
      isPassedOn: true,
      answersHalfClosed: true,
      isPreview: true,
      cors: false,
    },
    schema: { hide: true },
    // A WebSocket has no handler of its own.
    preHandler: async (request, reply) => (request.ws ? await pass(request, reply) : undefined),
    handler: pass,
  });
};

/** Passes a request on to a port that everybody may reach, of a sandbox that another dialect has made. */
async function passVisitor(
  request: FastifyRequest,
  reply: FastifyReply,
  core: Core & PortOptions & { keys: KeyCheck },
  { ref, port }: OwnedPort,
): Promise<FastifyReply> {
  core.keys.admitVisitor(request);
  const admitted = { ref, isVisitor: true, signed: null, token: null, settings: UNSETTLED };
  const asked = { target: originForm(request.url), host: request.host, prefix: null };
  return await passToPort(request, reply, core, { admitted, port, ...asked, toAnswerHeaders: toPageHeaders });
}

/** True where a browser goes to a page, which then asks for more with what it has in its cookies. */
function isVisit(request: FastifyRequest): boolean {
  return !request.ws && isPageWanted(request);
}

/** The cookie in place of the token of a URL; null where no token let the request in. */
function toCookie({ token, signed }: Admitted, nowMs: number, isLocal: boolean): string | null {
  if (token === null || signed === null) return null;
  const seconds = Math.max(0, signed.expiresAt - Math.floor(nowMs / 1000));
  const site = isLocal ? 'SameSite=Lax' : 'SameSite=None; Partitioned';
  return `${PORT_COOKIE}=${token}; Path=/; Max-Age=${seconds}; HttpOnly; Secure; ${site}`;
}

/** A path that no browser takes for another host. */
function onThisHost(target: string): string {
  return /^\/[/\\]/.test(target) ? `/.${target}` : target;
}

/** What the answer to a signed URL says besides. */
function withCookie(headers: readonly Header[], setCookie: string | null): readonly Header[] {
  return setCookie === null ? headers : [...headers, ['Set-Cookie', setCookie], ['Referrer-Policy', 'no-referrer']];
}
