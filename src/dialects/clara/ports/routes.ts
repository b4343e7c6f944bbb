import type { FastifyRequest } from 'fastify';
import type { FastifyPluginAsyncZod } from 'fastify-type-provider-zod';
import type { z } from 'zod';
import { originOf } from '../../../http/routing/origin.ts';
import type { PreviewHosts } from '../../../http/routing/preview-hosts.ts';
import type { Port } from '../../../ports/ports.ts';
import { type Core, refOf } from '../../dialect.ts';
import { scopeOf, urlsOf } from '../../port-urls.ts';
import { toTimestamp } from '../numbers.ts';
import { sandboxOperation } from '../operation.ts';
import type { SignatureOptions } from '../signatures/routes.ts';
import * as schemas from './schemas.ts';

/** What the routes of ports need. */
export interface PortOptions extends SignatureOptions {
  readonly hosts: PreviewHosts;
  /** Where the server listens. */
  readonly port: number;
}

/** How long a URL of a port is good where nothing is said, in seconds. */
const EXPIRES_IN = 3600;

/** The native dialect: servers in a sandbox, who may reach them, and where. */
export const portRoutes: FastifyPluginAsyncZod<Core & PortOptions> = async (app, options) => {
  const { ports, settings, signer, clock, hosts, publicUrl, port: serverPort } = options;
  const params = schemas.portParams;
  const placeOf = (request: FastifyRequest) => ({
    hosts,
    origin: publicUrl ?? originOf(request),
    localPort: request.socket.localPort ?? serverPort,
  });
  const toAnswer = (request: FastifyRequest, found: Port): z.input<typeof schemas.portInfo> => ({
    port: found.port,
    process: found.process,
    visibility: found.visibility,
    path_prefix: found.pathPrefix,
    ...urlsOf(placeOf(request), refOf(request).address.id, found),
  });

  app.get(
    '/sandbox/:user_id/ports',
    sandboxOperation(
      'ports',
      'listPorts',
      'What listens in a sandbox, and where it is reached',
      { 200: schemas.portList },
      { querystring: schemas.noQuery },
    ),
    async (request) => ({ ports: (await ports.list(refOf(request))).map((port) => toAnswer(request, port)) }),
  );

  app.get(
    '/sandbox/:user_id/ports/:port',
    sandboxOperation(
      'ports',
      'getPort',
      'One port',
      { 200: schemas.portInfo },
      { params, querystring: schemas.noQuery },
    ),
    async (request) => toAnswer(request, await ports.get(refOf(request), request.params.port)),
  );

  app.put(
    '/sandbox/:user_id/ports/:port',
    sandboxOperation(
      'ports',
      'setPort',
      'Say who may reach a port',
      { 200: schemas.portInfo },
      { params, querystring: schemas.noQuery, body: schemas.portBody },
    ),
    async (request) => {
      const { visibility, path_prefix: prefix } = request.body;
      const pathPrefix = prefix?.replace(/\/$/, '') || null;
      return toAnswer(request, await ports.change(refOf(request), request.params.port, { visibility, pathPrefix }));
    },
  );

  app.post(
    '/sandbox/:user_id/ports/:port',
    sandboxOperation(
      'ports',
      'sharePort',
      'URLs that open a private port without the key',
      { 200: schemas.sharedPort },
      { params, querystring: schemas.noQuery, body: schemas.shareBody },
    ),
    async (request) => {
      const ref = refOf(request);
      const { port } = request.params;
      const expiresAt = Math.floor(clock.wallMs() / 1000) + (request.body?.expires_in ?? EXPIRES_IN);
      const shared = await ports.share(ref, port, expiresAt * 1000);
      const signatures = await settings.signatures(ref);
      const { id } = ref.address;
      const token = signer.grant(scopeOf(id, port), { keyName: ref.principal.name, signatures, expiresAt });
      return { ...urlsOf(placeOf(request), id, shared, token), expires_at: toTimestamp(expiresAt * 1000) };
    },
  );
};
