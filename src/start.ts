import type { FastifyBaseLogger, FastifyInstance } from 'fastify';
import { readAgentSource } from './agent/link/source.ts';
import { buildApp } from './app.ts';
import { systemClock } from './async/clock.ts';
import { readVersion } from './base/version.ts';
import type { Config, Settings } from './config/config.ts';
import { buildGateway } from './gateway/gateway.ts';
import { chooseMode } from './modes/choice.ts';
import { type EngineNote, readEngineNote, writeEngineNote } from './modes/engine-note.ts';
import { probesOf } from './modes/engines.ts';
import { takeGatewayFolder } from './modes/gateway-folder.ts';
import { takeNotedFolder } from './modes/noted-folder.ts';
import { openEngine } from './modes/open-engine.ts';
import { formerOf, leaveEngine, openFormer, useOf } from './modes/other-engine.ts';
import { exposeYoungCollection } from './young-garbage.ts';

/** What a server is started with. */
export interface StartParts {
  readonly settings: Settings;
  /** The log for this configuration. */
  loggerFor(config: Config): FastifyBaseLogger;
  /** The folder that holds package.json and the agent. */
  readonly root: URL;
}

/** A server that is ready to listen, and what it was made of. */
export interface Started {
  readonly app: FastifyInstance;
  readonly config: Config;
}

/** Decides what runs sandboxes, and builds the server for it. Throws an error whose message says what to do where that cannot be. */
export async function startServer({ settings, loggerFor, root }: StartParts): Promise<Started> {
  const note = await readEngineNote(settings.dataDir);
  const choice = await chooseMode({ settings, note, probes: probesOf(settings) });
  const { mode } = choice;
  const config = settings.configFor(mode);
  const logger = loggerFor(config);
  const version = readVersion(root);
  const leave = async (instance: string) => await leaveFormer(note, config, instance, logger);
  if (mode === 'remote') {
    const folder = await takeGatewayFolder(config.dataDir, leave, logger);
    const app = await buildGateway({ config, reason: choice.reason, clock: systemClock, logger, version });
    app.addHook('onClose', async () => await folder?.close());
    sayWhatIsSet(logger, config, choice.reason);
    return { app, config };
  }
  const app = await buildApp({
    ...{ config, choice, logger, clock: systemClock, version },
    engine: openEngine(mode, config.incus),
    agentSource: await readAgentSource(new URL('agent/', root)),
    collectYoung: exposeYoungCollection(),
    takeFolder: async (folder) => await takeNotedFolder(folder, mode),
    onFolderTaken: leave,
  });
  // Before anything runs: whoever comes next has to know where to look.
  await writeEngineNote(config.dataDir, useOf(config)).catch(async (error: unknown) => {
    await app.close();
    throw error;
  });
  sayWhatIsSet(logger, config, choice.reason);
  return { app, config };
}

async function leaveFormer(
  note: EngineNote | null,
  config: Config,
  instance: string,
  logger: FastifyBaseLogger,
): Promise<void> {
  const from = formerOf(note, config);
  if (from === null) return;
  const engine = openFormer(from, config);
  try {
    await leaveEngine({ engine, from, to: useOf(config), instance, logger });
  } finally {
    await engine.close();
  }
}

function sayWhatIsSet(logger: FastifyBaseLogger, config: Config, reason: string): void {
  const { mode, unneededVariables, idleVariables } = config;
  logger.info({ mode, reason }, 'what runs sandboxes');
  if (unneededVariables.length > 0) {
    logger.info({ variables: unneededVariables }, 'set, and not needed: one process does all of it');
  }
  if (idleVariables.length > 0) logger.info({ mode, variables: idleVariables }, 'set, and without effect in this mode');
}
