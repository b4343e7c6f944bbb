import type { FastifyInstance } from 'fastify';
import type { AppParts } from './app-parts.ts';
import { ToldLimits } from './auth/client-limits.ts';
import { chooseDialect, dialectOfHost } from './dialects/all/choice.ts';
import { ownDialects } from './dialects/all/own-dialects.ts';
import { registerDialect } from './dialects/dialect.ts';
import { outsideRenderer } from './dialects/outside.ts';
import { openEgress } from './egress/connections/open-egress.ts';
import { FaultLog } from './fault-log.ts';
import { CLOSING_LIMITS, limitLastCalls } from './http/connections/last-calls.ts';
import { CONNECTION_LIMITS } from './http/limits/connection-limits.ts';
import { chooseByHostFirst } from './http/routing/dialect-constraint.ts';
import { PreviewHosts } from './http/routing/preview-hosts.ts';
import { createHttpServer, portsOf } from './http/server.ts';
import { Metrics } from './observability/metrics.ts';
import { openTracing } from './observability/tracing/open-tracing.ts';
import { watchCalls } from './observability/watched-calls.ts';
import { Peers } from './ports/peers.ts';
import { LANGUAGE_PROGRAMS } from './processes/languages.ts';
import { openCore } from './sandboxes/core.ts';
import { ImagePrograms } from './sandboxes/spec/image-programs.ts';
import { composeServices } from './services.ts';
import { openSessions } from './sessions/open-sessions.ts';

/** The whole server, ready to listen or to be injected into; closing it leaves the sandboxes running. */
export async function buildApp(parts: AppParts): Promise<FastifyInstance> {
  const { config, clock, logger, version } = parts;
  const metrics = new Metrics();
  const faults = new FaultLog(logger, clock);
  const onError = (error: unknown) => faults.write(error);
  const tracing = await openTracing(config.tracing, version, onError);
  const measured = watchCalls(parts.engine, metrics.watchEngine);
  const engine = tracing ? watchCalls(measured, tracing.watchEngine) : measured;
  const guardedPorts = () => [...engine.traits.guardedPorts, ...portsOf(app)];
  const egress = openEgress(parts, guardedPorts, (connection) => metrics.noteConnection(connection));
  const toldLimits = new ToldLimits();
  const imagePrograms = new ImagePrograms(LANGUAGE_PROGRAMS);
  const onAgentCall = tracing?.watchAgent;
  const life = await openCore({ ...parts, engine, egress, toldLimits, imagePrograms, onError, onAgentCall });
  metrics.follow(life);
  const core = composeServices(life, { ...parts, engine, imagePrograms, metrics, onError });
  egress.peers = new Peers(life.networks, core.ports);
  const room = await openSessions({
    ...life,
    config,
    clock,
    onError,
    onEvent: (event) => metrics.sessions.note(event),
  });
  metrics.sessions.follow(room.counts);
  const hosts = new PreviewHosts(config);
  const choose = chooseByHostFirst(hosts, dialectOfHost, chooseDialect);
  const own = ownDialects({ config, clock, life, room, hosts, metrics });
  const dialects = parts.dialects?.(own) ?? own;
  const { app, keys } = await createHttpServer({
    ...config,
    hosts,
    connectionLimits: { ...CONNECTION_LIMITS, ...parts.connectionLimits },
    logger,
    clock,
    version,
    toldLimits,
    apis: dialects,
    hasDocuments: parts.hasDocuments ?? true,
    chooseDialect: choose,
    renderError: outsideRenderer(dialects, choose),
    meter: metrics,
    tracer: tracing,
  });
  for (const dialect of dialects) await registerDialect(app, dialect, core, keys);

  app.addHook('onReady', life.start);
  app.addHook('onReady', async () => room.start());
  limitLastCalls(app, parts.closingLimits ?? CLOSING_LIMITS, life.endCalls);
  app.addHook('onClose', async () => {
    await core.mains.close();
    await room.close();
    await life.close();
    await engine.close();
    egress.close();
    await tracing?.close();
    faults.close();
  });
  return app;
}
