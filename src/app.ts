import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import type { AgentSource } from './agent/link/source.ts';
import type { Clock } from './async/clock.ts';
import { withDeadline } from './async/deadline.ts';
import type { Config } from './config/config.ts';
import { commonErrors } from './dialects/clara/error-schemas.ts';
import { claraRoutes } from './dialects/clara/executions/routes.ts';
import { claraFileRoutes } from './dialects/clara/files/routes.ts';
import { renderProblem } from './dialects/clara/mapping.ts';
import { healthRoute, infoRoute } from './dialects/clara/service/routes.ts';
import { claraTransferRoutes } from './dialects/clara/transfers/routes.ts';
import { Disks } from './disks/disks.ts';
import { invisibleReason } from './disks/mount-visibility.ts';
import { EGRESS_DEADLINES, Egress, type EgressDeadlines } from './egress/egress.ts';
import { thisMachine } from './egress/local-host.ts';
import { type Resolver, systemResolver } from './egress/resolver.ts';
import type { Engine } from './engines/engine.ts';
import { isOnEngineHost } from './engines/host-path.ts';
import { FaultLog } from './fault-log.ts';
import { requireKey } from './http/auth.ts';
import { CONNECTION_LIMITS, type ConnectionLimits } from './http/connection-limits.ts';
import { CLOSING_LIMITS, type ClosingLimits, limitLastCalls } from './http/last-calls.ts';
import { documentErrors } from './http/openapi.ts';
import { createHttpServer } from './http/server.ts';
import { preflight } from './sandboxes/preflight/preflight.ts';
import { SandboxService } from './sandboxes/sandboxes.ts';
import { SandboxStore } from './sandboxes/storage/store.ts';
import { Upkeep } from './sandboxes/upkeep/upkeep.ts';
import { SandboxUsers } from './sandboxes/users/sandbox-users.ts';
import { type CollectYoung, limitYoungGarbage } from './young-garbage.ts';

export interface AppParts {
  readonly config: Config;
  readonly engine: Engine;
  readonly agentSource: AgentSource;
  readonly clock: Clock;
  readonly logger: FastifyBaseLogger;
  readonly version: string;
  /** Frees what streams leave behind; where absent, V8 does that in its own time. */
  readonly collectYoung?: CollectYoung;
  /** What clients may take of their connections, where it is not the usual. */
  readonly connectionLimits?: Partial<ConnectionLimits>;
  /** How a close treats the calls that are under way, where it is not the usual. */
  readonly closingLimits?: ClosingLimits;
  /** How long the steps of a sandbox's connection may take, where it is not the usual. */
  readonly egressDeadlines?: Partial<EgressDeadlines>;
  /** Looks up the names that sandboxes connect to; this machine's name servers where absent. */
  readonly resolver?: Resolver;
}

/** How long a close may wait for the passes over all sandboxes that are under way, in milliseconds. */
const CLOSE_PASSES_MS = 3_000;

/** The whole server, ready to listen or to be injected into; closing it leaves the sandboxes running. */
export async function buildApp(parts: AppParts): Promise<FastifyInstance> {
  const { config, engine, agentSource, clock, logger, version } = parts;
  const faults = new FaultLog(logger, clock);
  const onError = (error: unknown) => faults.write(error);
  const onBytes = limitYoungGarbage(parts.collectYoung ?? (() => undefined));

  const disks = new Disks({ config, logger, onError });
  const users = new SandboxUsers(engine, config);
  const store = new SandboxStore(config.dataDir, disks, users, onError);
  // Where the server sees other files than the engine, as in a container, the engine tells.
  const isThere = async (path: string) =>
    (await invisibleReason()) !== null && (await isOnEngineHost(engine, config.image, path));
  const instance = await store.open(isThere);
  await store.removeAllPoolFolders();
  await preflight({ engine, config, instance, users, logger });
  const egress = new Egress({
    ...config.egress,
    deadlines: { ...EGRESS_DEADLINES, ...parts.egressDeadlines },
    surroundings: thisMachine(clock, () => portsOf(app)),
    resolver: parts.resolver ?? systemResolver(),
    clock,
    logger,
  });
  const service = new SandboxService({
    engine,
    store,
    users,
    disks,
    agentSource,
    config,
    clock,
    instance,
    onError,
    egress,
  });
  const upkeep = new Upkeep({ engine, service, store, disks, instance, config, clock, logger, onError });

  const connectionLimits = { ...CONNECTION_LIMITS, ...parts.connectionLimits };
  const { app, rateLimits } = await createHttpServer({
    ...config,
    connectionLimits,
    logger,
    clock,
    version,
    renderProblem,
  });

  const serviceOptions = { engine, service, config, version, warnings: () => upkeep.warnings };
  await app.register(healthRoute, serviceOptions);
  await app.register(async (secured) => {
    documentErrors(secured, commonErrors);
    requireKey(secured, config.apiKeys, rateLimits);
    await secured.register(infoRoute, serviceOptions);
    await secured.register(claraRoutes, { service, config });
    await secured.register(claraFileRoutes, { service, config });
    await secured.register(claraTransferRoutes, { service, config, onBytes });
  });

  app.addHook('onReady', async () => {
    await service.starts.countByCreator();
    if (config.network === 'bridge') await closeHost(engine, logger);
    await upkeep.start();
    service.guards.open();
  });
  limitLastCalls(app, parts.closingLimits ?? CLOSING_LIMITS, () => service.endCalls());
  app.addHook('onClose', async () => {
    await withDeadline(upkeep.close(), CLOSE_PASSES_MS, 'The engine is slow: a pass is not over.').catch(onError);
    await service.close();
    await store.close();
    await disks.reserve.close();
    await engine.close();
    egress.close();
    faults.close();
  });
  return app;
}

async function closeHost(engine: Engine, logger: FastifyBaseLogger): Promise<void> {
  const gap = await engine.closeHost();
  if (gap === null) return;
  const sentence =
    'SANDBOX_NETWORK is bridge, and sandboxes reach this machine and its private networks; see docs/network.md';
  logger.warn({ reason: gap }, sentence);
}

function portsOf(app: FastifyInstance): number[] {
  return app.addresses().flatMap((address) => (typeof address === 'object' ? [address.port] : []));
}
