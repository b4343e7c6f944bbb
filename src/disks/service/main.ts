import { rm } from 'node:fs/promises';
import closeWithGrace from 'close-with-grace';
import { pino } from 'pino';
import { createLogger } from '../../base/log.ts';
import { namespaceOf } from '../base/mount-namespace.ts';
import { findEngineProcess, invisibleReasonIn } from '../mount-visibility.ts';
import { buildDiskService } from './app.ts';
import { parseDiskServiceConfig } from './config.ts';

/** Mounting and unmounting that is under way may take so long at the end, in milliseconds. */
const CLOSE_DELAY_MS = 20_000;

const FOLDER_MS = 10_000;

/** The socket is the server's alone. */
const SOCKET_UMASK = 0o177;

try {
  const config = parseDiskServiceConfig(process.env);
  const logger = createLogger(config.logLevel, pino.destination());
  const pid = await findEngineProcess();
  const namespace = namespaceOf(pid);
  await namespace.run('mkdir', ['-p', '--', config.dataDir], FOLDER_MS);
  // A link in this path would lead somewhere else from here.
  const dataDir = (await namespace.run('realpath', ['--', config.dataDir], FOLDER_MS)).trimEnd();
  const app = buildDiskService({ dataDir, namespace, invisibleReason: () => invisibleReasonIn(pid), logger });
  closeWithGrace({ delay: CLOSE_DELAY_MS, logger }, async () => await app.close());
  await rm(config.socket, { force: true });
  const umask = process.umask(SOCKET_UMASK);
  await app.listen({ path: config.socket });
  process.umask(umask);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(1);
}
