import { join } from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import { readText } from '../base/atomic-file.ts';
import { messageOf } from '../base/errors.ts';
import { openDataFolder } from '../sandboxes/storage/data-folder.ts';
import { FolderLock } from '../sandboxes/storage/folder-lock.ts';
import { INSTANCE_FILE } from '../sandboxes/storage/instance.ts';
import { writeEngineNote } from './engine-note.ts';

/**
 * Keeps a data folder for a gateway, which holds nothing in it but what it says of the mode; `leave` stops what still runs of the folder
 * here. Null where there can be no folder, which a gateway does without. Throws a ConfigError where another server has it.
 */
export async function takeGatewayFolder(
  dataDir: string,
  leave: (instance: string) => Promise<void>,
  logger: FastifyBaseLogger,
): Promise<{ close(): Promise<void> } | null> {
  const folder = await openDataFolder(dataDir).catch((error: unknown) => {
    logger.info({ reason: messageOf(error) }, 'no data folder, which a gateway does without');
    return null;
  });
  if (folder === null) return null;
  const lock = await FolderLock.take(folder);
  try {
    const instance = await readText(join(folder, INSTANCE_FILE));
    if (instance !== null) await leave(instance.trim());
    await writeEngineNote(folder, { engine: 'remote', incus: null });
    return lock;
  } catch (error) {
    await lock.close();
    throw error;
  }
}
