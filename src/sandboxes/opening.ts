import type { FastifyBaseLogger } from 'fastify';
import type { Clock } from '../async/clock.ts';
import type { Config } from '../config/config.ts';
import type { Disks } from '../disks/disks.ts';
import { invisibleReason } from '../disks/mount-visibility.ts';
import type { Engine } from '../engines/engine.ts';
import { isOnEngineHost } from '../engines/host-path.ts';
import { FirstAnswers } from '../idempotency/first-answers.ts';
import { sweepLeftovers } from './checkpoints/leftovers.ts';
import { preflight } from './preflight/preflight.ts';
import type { TakeFolder } from './storage/folder-lock.ts';
import { ServerSecret } from './storage/server-secret.ts';
import type { SandboxStore } from './storage/store.ts';
import type { SandboxUsers } from './users/sandbox-users.ts';

/** What a data folder is opened with. */
export interface OpeningParts {
  readonly engine: Engine;
  readonly config: Config;
  readonly clock: Clock;
  readonly users: SandboxUsers;
  readonly store: SandboxStore;
  readonly disks: Disks;
  readonly logger: FastifyBaseLogger;
  readonly onError: (error: unknown) => void;
  /** How the data folder is taken, where it is not by a lock of the file system. */
  readonly takeFolder?: TakeFolder | undefined;
  /** Called with the identity of the data folder once it is this server's, before anything of it is used. */
  readonly onFolderTaken?: ((instance: string) => Promise<void>) | undefined;
}

/** What a data folder gives to the server that has taken it. */
interface OpenedFolder {
  /** The identity of the folder, 12 hex digits. */
  readonly instance: string;
  readonly secret: ServerSecret;
  readonly answers: FirstAnswers;
}

/** Takes the data folder, clears what a crash has left there and checks the engine; the folder is free again where that fails. */
export async function openFolder(parts: OpeningParts): Promise<OpenedFolder> {
  const { engine, config, clock, users, store, disks, logger, onError } = parts;
  // Where the server sees other files than the engine, as in a container, the engine tells.
  const isThere = async (path: string) =>
    (await invisibleReason()) !== null && (await isOnEngineHost(engine, config.image, path));
  const instance = await store.open(isThere, parts.takeFolder);
  try {
    await parts.onFolderTaken?.(instance);
    const secret = await ServerSecret.open(config.dataDir);
    const answers = await FirstAnswers.open(config.dataDir, secret.derive('first answers'), clock);
    await store.removePoolFolders();
    await sweepLeftovers(store.path, disks, onError);
    await preflight({ engine, config, instance, users, logger });
    return { instance, secret, answers };
  } catch (error) {
    await store.close();
    throw error;
  }
}
