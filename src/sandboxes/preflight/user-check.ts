import { chown, mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { hasCode, isSandboxError, SandboxError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { UidRange } from '../../config/fields.ts';
import { START_AS_ROOT } from '../../disks/folder-support.ts';
import type { Engine } from '../../engines/engine.ts';
import { isFull } from '../storage/record-file.ts';
import { toHostUser } from '../users/host-user.ts';
import type { SandboxUsers } from '../users/sandbox-users.ts';
import { toText } from '../users/uid-range.ts';
import { failureOf, inThrowAwaySandbox } from './smoke-test.ts';

const MEMORY_BYTES = 128 * 2 ** 20;

/** In the data folder, for as long as the check lasts. */
const FOLDER = 'user-check';

/** Ends with code 0 where each folder belongs to the user that it is named after. */
const PROGRAM = `import os, sys
found = [os.stat('/' + name) for name in sys.argv[1:]]
sys.exit([(each.st_uid, each.st_gid) for each in found] != [(int(uid), int(uid)) for uid in sys.argv[1:]])`;

/**
 * Throws `invalid` where this process cannot give files to the users of sandboxes, or where an engine that maps users does not have
 * those that SANDBOX_UID_RANGE says. An engine that does not answer proves nothing and passes.
 */
export async function checkUsers(engine: Engine, config: Config, instance: string, users: SandboxUsers): Promise<void> {
  const folder = join(config.dataDir, FOLDER);
  try {
    const range = await users.range();
    if (engine.volumes) return;
    // A full disk proves nothing either, and must not keep a server from what is on it.
    if (!(await makeFolders(engine, folder, range))) return;
    const { mapsUsers } = await engine.info();
    // Without the image nothing can be tried; each sandbox says so that needs it.
    const canTry = mapsUsers && (await engine.imageId(config.image)) !== null;
    if (canTry) await requireMapped(engine, config, instance, range);
  } catch (error) {
    if (!isSandboxError(error, 'unavailable') && !isSandboxError(error, 'timeout')) throw error;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** False where the disk has no room for them. */
async function makeFolders(engine: Engine, folder: string, { first, last }: UidRange): Promise<boolean> {
  try {
    await rm(folder, { recursive: true, force: true });
    await mkdir(folder);
    for (const uid of new Set([first, last])) {
      const owner = await toHostUser(engine, { uid, gid: uid });
      await mkdir(join(folder, String(uid)));
      await chown(join(folder, String(uid)), owner.uid, owner.gid);
    }
    return true;
  } catch (cause) {
    if (isFull(cause)) return false;
    if (!hasCode(cause, 'EPERM')) throw cause;
    throw new SandboxError('invalid', START_AS_ROOT, { cause });
  }
}

async function requireMapped(engine: Engine, config: Config, instance: string, range: UidRange): Promise<void> {
  const uids = [...new Set([range.first, range.last])].map(String);
  const subject = {
    name: FOLDER,
    image: config.image,
    // The only one that is there in any case; without capabilities, and for nothing but this program.
    user: { uid: 0, gid: 0 },
    memoryBytes: MEMORY_BYTES,
    cpus: 1,
    mounts: uids.map((uid) => ({ source: join(config.dataDir, FOLDER, uid), target: `/${uid}`, isReadOnly: true })),
  };
  const reason = await inThrowAwaySandbox({ engine, config, instance }, subject, async (id) => {
    await engine.start(id);
    return await failureOf(await engine.exec(id, ['python3', '-I', '-c', PROGRAM, ...uids]));
  });
  if (reason === null) return;
  throw new SandboxError(
    'invalid',
    `SANDBOX_UID_RANGE (${toText(range)}) does not work here: the engine, which maps users, does not have all of these, or not as one range. Give its user one of more than ${range.last} ids in /etc/subuid and /etc/subgid, or set another range.`,
  );
}
