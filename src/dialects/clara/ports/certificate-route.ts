import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import { z } from 'zod';
import type { Clock } from '../../../async/clock.ts';
import { TokenBuckets } from '../../../async/token-buckets.ts';
import { HttpError } from '../../../http/errors/http-error.ts';
import type { PreviewHosts } from '../../../http/routing/preview-hosts.ts';
import type { Core } from '../../dialect.ts';

/** Certificates for names that had none before: five at once, and five an hour, since those who give them out count as well. */
const NEW_NAMES = { perSecond: 5 / 3600, burst: 5 };

/** Names that are remembered to have got one. */
const MAX_NAMES = 10_000;

interface CertificateOptions {
  readonly hosts: PreviewHosts;
  readonly clock: Clock;
}

/** Tells the proxy in front for which hosts of previews it may get a certificate when one is asked for; for all others nothing is here. */
export const certificateRoute: FastifyPluginAsyncZod<Core & CertificateOptions> = async (app, options) => {
  const { hosts, ports, clock } = options;
  const buckets = new TokenBuckets(NEW_NAMES, 1, clock);
  const known = new Set<string>();

  app.get(
    '/internal/tls-allowed',
    { schema: { hide: true, querystring: z.object({ domain: z.string().max(253) }) } },
    async (request) => {
      const name = request.query.domain.toLowerCase();
      const isAsked = hosts.isProxyItself(request.raw);
      const place = hosts.placeOf(name);
      const isShown = place !== null && (await ports.isShown(place.previewId, place.port));
      const subdomain = hosts.subdomainOf(name);
      const isNamed = subdomain !== null && (await ports.ownedPort(subdomain)) !== null;
      if (!isAsked || !(isShown || isNamed)) throw new HttpError(404, 'Not Found');
      if (!known.has(name)) {
        if (buckets.take('new') > 0) throw new HttpError(404, 'Not Found');
        if (known.size < MAX_NAMES) known.add(name);
      }
      return { allowed: true };
    },
  );
};
