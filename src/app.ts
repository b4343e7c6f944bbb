import { setTimeout } from 'node:timers/promises';
import type { FastifyInstance } from 'fastify';
import type { AppParts } from './app-parts.ts';
import { UrlSigner } from './auth/url-signer.ts';
import { Contexts } from './contexts/contexts.ts';
import { LanguageContexts } from './contexts/language-contexts.ts';
import { chooseDialect, dialectOfHost } from './dialects/choice.ts';
import { claraDialect } from './dialects/clara/clara.ts';
import { cloudDialect } from './dialects/cloud/cloud.ts';
import { registerDialect } from './dialects/dialect.ts';
import { e2bDialects } from './dialects/e2b/e2b.ts';
import { k2Dialect } from './dialects/k2/k2.ts';
import { managerDialect } from './dialects/manager/manager.ts';
import { mcpDialect } from './dialects/mcp/mcp.ts';
import { metricsDialect } from './dialects/metrics/metrics.ts';
import { outsideRenderer } from './dialects/outside.ts';
import { EGRESS_DEADLINES } from './egress/deadlines.ts';
import { Egress } from './egress/egress.ts';
import { thisMachine } from './egress/local-host.ts';
import { systemResolver } from './egress/resolver.ts';
import { FaultLog } from './fault-log.ts';
import { FileTree } from './files/file-tree.ts';
import { Files } from './files/files.ts';
import { CONNECTION_LIMITS } from './http/connection-limits.ts';
import { chooseByHostFirst } from './http/dialect-constraint.ts';
import { CLOSING_LIMITS, limitLastCalls } from './http/last-calls.ts';
import { PreviewHosts } from './http/preview-hosts.ts';
import { createHttpServer, portsOf } from './http/server.ts';
import { Metrics } from './observability/metrics.ts';
import { watchCalls } from './observability/watched-calls.ts';
import { Peers } from './ports/peers.ts';
import { Ports } from './ports/ports.ts';
import { MainProcesses } from './processes/main/main-processes.ts';
import { Processes } from './processes/processes.ts';
import { openCore } from './sandboxes/core.ts';
import { Info } from './sandboxes/info.ts';
import { openSessions } from './sessions/open-sessions.ts';
import { limitYoungGarbage } from './young-garbage.ts';

/** The whole server, ready to listen or to be injected into; closing it leaves the sandboxes running. */
export async function buildApp(parts: AppParts): Promise<FastifyInstance> {
  const { config, clock, logger, version } = parts;
  const metrics = new Metrics();
  const engine = watchCalls(parts.engine, metrics.watchEngine);
  const faults = new FaultLog(logger, clock);
  const onError = (error: unknown) => faults.write(error);
  const egress = new Egress({
    ...config.egress,
    deadlines: { ...EGRESS_DEADLINES, ...parts.egressDeadlines },
    localHost: thisMachine(clock, () => [...engine.traits.guardedPorts, ...portsOf(app)]),
    resolver: parts.resolver ?? systemResolver(),
    trustedRoots: parts.trustedRoots,
    clock,
    logger,
    onEnd: (connection) => metrics.noteConnection(connection),
  });
  const life = await openCore({ ...parts, engine, egress, onError });
  metrics.follow(life);
  const { sandboxes, listing, settings, tenancies, images, usage, checkpoints, restoring, forks, answers } = life;
  const { snapshots, logs, alerts, volumes, networks, secrets } = life;
  const wait = parts.wait ?? ((ms, signal) => setTimeout(ms, undefined, { signal }));
  const mains = new MainProcesses({ ...life, ...config, notes: life.mainNotes, clock, wait, onError });
  const core = {
    ...{ sandboxes, listing, settings, tenancies, images, usage, checkpoints, restoring, forks },
    ...{ snapshots, mains, logs, alerts, volumes, networks, secrets },
    processes: new Processes(sandboxes, config),
    languageContexts: new LanguageContexts(sandboxes, config),
    contexts: new Contexts(sandboxes, life.contextNotes, config),
    files: watchCalls(
      new Files(sandboxes, limitYoungGarbage(parts.collectYoung ?? (() => undefined))),
      metrics.files.watch,
    ),
    tree: watchCalls(new FileTree(sandboxes), metrics.files.watch),
    ports: new Ports(sandboxes, life.portNotes),
    info: new Info({ ...config, version, engine, core: life, engineReason: parts.choice?.reason ?? null }),
  };
  egress.peers = new Peers(networks, core.ports);
  const room = await openSessions({
    ...life,
    config,
    clock,
    onError,
    onEvent: (event) => metrics.sessions.note(event),
  });
  metrics.sessions.follow(room.counts);
  const signer = new UrlSigner(life.secret.derive('signed URLs'), config.apiKeys);
  const hosts = new PreviewHosts(config);
  const clara = claraDialect({ ...config, jsonLimitBytes: config.bodyLimitBytes, answers, signer, clock, hosts });
  const choose = chooseByHostFirst(hosts, dialectOfHost, chooseDialect);
  const others = [
    k2Dialect(config),
    managerDialect({ ...config, hosts }),
    cloudDialect({ ...config, secret: life.secret, clock, room }),
    mcpDialect({ ...config, signer, clock, hosts }),
    ...e2bDialects({ ...config, clock, hosts, events: life.events }),
    metricsDialect(metrics, config, clara),
  ];
  const dialects = [clara, ...others, ...(parts.dialects ?? [])];
  const { app, keys } = await createHttpServer({
    ...config,
    hosts,
    connectionLimits: { ...CONNECTION_LIMITS, ...parts.connectionLimits },
    logger,
    clock,
    version,
    apis: dialects,
    chooseDialect: choose,
    renderError: outsideRenderer(dialects, choose),
    meter: metrics,
  });
  for (const dialect of dialects) await registerDialect(app, dialect, core, keys);

  app.addHook('onReady', life.start);
  app.addHook('onReady', async () => room.start());
  limitLastCalls(app, parts.closingLimits ?? CLOSING_LIMITS, life.endCalls);
  app.addHook('onClose', async () => {
    await mains.close();
    await room.close();
    await life.close();
    await engine.close();
    egress.close();
    faults.close();
  });
  return app;
}
