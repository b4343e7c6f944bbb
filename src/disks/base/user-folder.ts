import { chmod, chown, lstat, mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { hasCode, SandboxError } from '../../base/errors.ts';
import type { EngineUser } from '../../engines/engine.ts';
import { CommandFailure } from './command.ts';
import type { MountNamespace } from './mount-namespace.ts';

/** Giving away a disk that is full of small files goes through all of them; for all folders of a disk together. */
const GIVE_MS = 300_000;

/** Beside a folder that is being given away, perhaps only in part yet: whose it was. */
const MARK = '.giving';

/** Nobody else on the machine reads what is in it, whatever modes the files have. */
const MODE = 0o700;

/** The same but for the owner's group, which what is made in there belongs to. */
const SHARED_MODE = 0o2770;

/**
 * Makes folders of the sandbox's user, closed to all others. One that is there is given to that user with all that is in it where it is
 * another's, as of an earlier version, after a restore, or once the engine maps users differently. Nothing may run on them then.
 */
export async function makeUserFolders(
  space: MountNamespace,
  folders: readonly string[],
  owner: EngineUser,
  { isOwnFileSystem, isShared = false }: { readonly isOwnFileSystem: boolean; readonly isShared?: boolean },
): Promise<void> {
  const untilMs = performance.now() + GIVE_MS;
  const mode = isShared ? SHARED_MODE : MODE;
  for (const folder of folders) await makeUserFolder({ space, folder, owner, mode, isOwnFileSystem, untilMs });
}

interface Gift {
  readonly space: MountNamespace;
  readonly folder: string;
  readonly owner: EngineUser;
  readonly mode: number;
  /** False where a file in it may have another name outside. */
  readonly isOwnFileSystem: boolean;
  readonly untilMs: number;
}

async function makeUserFolder(gift: Gift): Promise<void> {
  const { space, folder, mode } = gift;
  const { uid, gid } = gift.owner;
  const reached = space.reach(folder);
  if (await made(reached)) {
    await chown(reached, uid, gid);
    await chmod(reached, mode);
    return;
  }
  const found = await lstat(reached);
  if (!found.isDirectory()) {
    throw new SandboxError('unavailable', 'A folder of the sandbox is none, or a link; the operator must look at it.');
  }
  if ((found.mode & 0o7777) !== mode) await chmod(reached, mode);
  const mark = `${reached}${MARK}`;
  const begun = await readFile(mark, 'utf8').catch(() => null);
  if (begun === null && found.uid === uid && found.gid === gid) return;
  const before = /^\d+$/.test(begun ?? '') ? Number(begun) : found.uid;
  if (begun === null) await writeFile(mark, String(before));
  await give(gift, before);
  await rm(mark);
}

/** Follows no links. Set-id bits go last, when the folders belong to nobody who could exchange a file for a link. */
async function give(
  { space, folder, owner: { uid, gid }, mode, isOwnFileSystem, untilMs }: Gift,
  before: number,
): Promise<void> {
  const leftMs = () => Math.max(1, Math.ceil(untilMs - performance.now()));
  try {
    if (!isOwnFileSystem) {
      const isStrange = ['!', '-type', 'd', '-links', '+1', '!', '-uid', `${before}`, '!', '-uid', `${uid}`];
      const found = await space.run('find', [folder, '-xdev', ...isStrange, '-print', '-quit'], leftMs());
      if (found !== '') throw notGiven(new Error(`Somebody else's file has another name, perhaps outside: ${found}`));
    }
    await space.run('chown', ['-R', '-h', '-P', '--', `${uid}:${gid}`, folder], leftMs());
    await space.run('chmod', ['-R', '--', 'ug-s', folder], leftMs());
    if (mode === SHARED_MODE) {
      await space.run('find', [folder, '-xdev', '-type', 'd', '-exec', 'chmod', '--', 'g+s', '{}', '+'], leftMs());
    }
  } catch (cause) {
    if (!(cause instanceof CommandFailure)) throw cause;
    throw notGiven(cause);
  }
}

function notGiven(cause: Error): SandboxError {
  const sentence =
    'The files of the sandbox are not all given to its user; the next start tries it again, and the operator must look at the log.';
  return new SandboxError('unavailable', sentence, { cause });
}

async function made(folder: string): Promise<boolean> {
  try {
    await mkdir(folder, { mode: MODE });
    return true;
  } catch (error) {
    if (hasCode(error, 'EEXIST')) return false;
    throw error;
  }
}
