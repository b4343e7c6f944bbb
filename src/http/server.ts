import { type FastifyBaseLogger, type FastifyInstance, fastify } from 'fastify';
import { serializerCompiler } from 'fastify-type-provider-zod';
import type { Clock } from '../async/clock.ts';
import type { ApiKey } from '../auth/api-keys.ts';
import type { ToldLimits } from '../auth/client-limits.ts';
import type { Cidr } from '../base/ip-address.ts';
import { KeyCheck, limitOpenRequests } from './auth/key-check.ts';
import { registerBodies } from './bodies/bodies.ts';
import { refuseForeignPages } from './browsers/foreign-pages.ts';
import { registerFrontPage } from './browsers/front-page.ts';
import { registerSecurityHeaders } from './browsers/security-headers.ts';
import { trustProxies } from './clients/trusted-proxies.ts';
import { refuseWhileClosing } from './connections/closing.ts';
import { resetCutAnswers } from './connections/cut-answers.ts';
import { answerHalfClosed } from './connections/half-closed.ts';
import { answerFrameworkError, type OutsideRenderer, registerErrors } from './errors/errors.ts';
import { limitEachAddress } from './limits/address-limits.ts';
import { type ConnectionLimits, limitConnections, toServerOptions } from './limits/connection-limits.ts';
import { RateLimits } from './limits/rate-limits.ts';
import { AccessLog } from './observability/access-log.ts';
import { answerRequestIds, requestIdOf } from './observability/request-ids.ts';
import { meterRequests, type RequestMeter } from './observability/request-meter.ts';
import { type RequestTracer, traceRequests } from './observability/request-traces.ts';
import { StrangerLines } from './observability/stranger-lines.ts';
import { type OpenApiParts, registerOpenApi } from './openapi.ts';
import { refuseExpectations } from './requests/broken-requests.ts';
import { refuseAmbiguousHeads } from './requests/request-heads.ts';
import { type ChooseDialect, DIALECT, dialectConstraint } from './routing/dialect-constraint.ts';
import { type PreviewHosts, separatePreviews } from './routing/preview-hosts.ts';
import { answerUnknownRoutes } from './routing/unknown-routes.ts';
import { registerWebSockets } from './streams/web-sockets.ts';
import { requireValidQueries } from './validation/query-encoding.ts';
import { createValidatorCompiler } from './validation/validation.ts';

/** What the HTTP server is made of. */
export interface HttpServerParts extends OpenApiParts {
  readonly logger: FastifyBaseLogger;
  readonly clock: Clock;
  readonly connectionLimits: ConnectionLimits;
  readonly maxConnections: number;
  readonly maxConnectionsPerAddress: number;
  readonly bodyLimitBytes: number;
  /** Of a key without a rate of its own, and of an address where no key is needed; 0 is no limit. */
  readonly requestsPerSecond: number;
  readonly trustedProxies: readonly Cidr[];
  /** False where the log must not name users. */
  readonly logsUsers: boolean;
  readonly corsOrigins: readonly string[];
  /** Which hosts are the API's, and which show what runs in sandboxes. */
  readonly hosts: PreviewHosts;
  readonly apiKeys: readonly ApiKey[];
  /** Learns what the clients of gateways may have; absent where nobody asks it. */
  readonly toldLimits?: ToldLimits;
  readonly meter: RequestMeter;
  /** Absent where nobody traces requests. */
  readonly tracer: RequestTracer | null;
  /** False where another server has the documents; true where absent. */
  readonly hasDocuments?: boolean;
  /** Tells before routing which dialect a request is in, where its path does not. */
  readonly chooseDialect: ChooseDialect;
  /** Writes the errors of what no dialect answers. */
  readonly renderError: OutsideRenderer;
}

/** A server that holds every limit and has the documents, for dialects to add their routes to; and what lets requests in. */
export async function createHttpServer(
  parts: HttpServerParts,
): Promise<{ readonly app: FastifyInstance; readonly keys: KeyCheck }> {
  const { connectionLimits, logger, renderError, chooseDialect } = parts;
  const isTrustedProxy = trustProxies(parts.trustedProxies);
  const strangerLines = new StrangerLines(logger, parts.clock);
  const accessLog = new AccessLog(parts.logsUsers, isTrustedProxy, strangerLines);
  const app = fastify({
    ...toServerOptions(connectionLimits, logger, accessLog, renderError),
    trustProxy: isTrustedProxy,
    genReqId: requestIdOf,
    loggerInstance: logger,
    logController: accessLog,
    frameworkErrors: answerFrameworkError(renderError, accessLog),
    bodyLimit: parts.bodyLimitBytes,
    routerOptions: {
      maxParamLength: connectionLimits.maxHeaderBytes,
      constraints: { [DIALECT]: dialectConstraint(chooseDialect) },
    },
    forceCloseConnections: 'idle',
    return503OnClosing: false,
  });
  app.addHook('onClose', async () => strangerLines.close());
  separatePreviews(app, parts.hosts);
  app.setValidatorCompiler(createValidatorCompiler(logger));
  app.setSerializerCompiler(serializerCompiler);
  registerErrors(app, renderError);
  registerBodies(app);
  app.decorateRequest('principal', null);
  app.decorateRequest('failure', null);
  app.decorateRequest('hasWrongKey', false);
  app.decorateRequest('about', null);
  app.decorateRequest('tool', null);
  app.decorateRequest('outcome', null);
  app.decorateRequest('isLogged', false);
  app.decorateRequest('bodyHash', null);
  answerRequestIds(app);
  if (parts.tracer) traceRequests(app, parts.tracer);
  meterRequests(app, parts.meter);
  refuseWhileClosing(app);
  resetCutAnswers(app);
  refuseExpectations(app);
  refuseAmbiguousHeads(app);
  requireValidQueries(app);
  answerHalfClosed(app);
  limitConnections(app, connectionLimits, parts.maxConnections, renderError);
  limitEachAddress(app, isTrustedProxy, parts.maxConnectionsPerAddress);
  await registerSecurityHeaders(app, parts.corsOrigins);
  const rateLimits = new RateLimits(parts.requestsPerSecond, parts.clock);
  limitOpenRequests(app, rateLimits);
  refuseForeignPages(app, parts.corsOrigins);
  answerUnknownRoutes(app, chooseDialect);
  await registerWebSockets(app);
  if (parts.hasDocuments !== false) {
    await registerOpenApi(app, parts);
    registerFrontPage(app);
  }
  return { app, keys: new KeyCheck(parts.apiKeys, rateLimits, parts.toldLimits) };
}

/** The TCP ports that a server listens on; none before it does. */
export function portsOf(app: FastifyInstance): number[] {
  return app.addresses().flatMap((address) => (typeof address === 'object' ? [address.port] : []));
}
