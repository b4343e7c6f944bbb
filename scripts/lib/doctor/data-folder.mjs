import { constants, readFileSync, realpathSync } from 'node:fs';
import { access, stat, statfs } from 'node:fs/promises';
import { join } from 'node:path';
import { instanceOf, isDataFolderKept } from '../data-folder.mjs';
import { fail, ok, warn } from './finding.mjs';
import { toBytes, toGibibytes } from './size.mjs';

/** tmpfs and ramfs, as statfs(2) names them. */
const MEMORY_FILE_SYSTEMS = [0x01021994, 0x858458f6];

const COMFORTABLE_BYTES = 10 * 2 ** 30;

const WHAT = 'data folder';

/**
 * Whose the data folder is, who else may change it, where it was before, and what is free on its disk.
 * @param {string} dataDir
 * @param {string} nearest the folder itself, or the nearest above it that is there
 * @param {{env: NodeJS.ProcessEnv, isServerThere: boolean}} facts whether a server answers where the settings say
 * @returns {Promise<import('./finding.mjs').Finding[]>}
 */
export async function checkDataFolder(dataDir, nearest, { env, isServerThere }) {
  const folder = await checkFolder(dataDir, nearest);
  if (folder.level === 'fail' || nearest !== dataDir) return [folder, await checkFreeDisk(nearest, env)];
  return [folder, checkKeeper(dataDir, isServerThere), checkPlace(dataDir), await checkFreeDisk(nearest, env)];
}

async function checkFolder(dataDir, nearest) {
  if (!(await stat(nearest)).isDirectory())
    return fail(WHAT, `${nearest} is no folder.`, 'Set SANDBOX_DATA_DIR to a folder, or to where one can be made.');
  const isWritable = await access(nearest, constants.R_OK | constants.W_OK | constants.X_OK).then(
    () => true,
    () => false,
  );
  if (!isWritable) return fail(WHAT, `${nearest} cannot be written by this user.`, 'See rights above.');
  if (nearest !== dataDir) return ok(WHAT, `${dataDir} is not there yet; the server makes it.`);
  const { mode, uid } = await stat(dataDir);
  if (mode & 0o022) {
    const means = `${dataDir} can be changed by other users, who could give a sandbox other files.`;
    return fail(WHAT, means, `chmod 755 ${dataDir} (or 700)`);
  }
  const user = process.getuid?.();
  if (user !== undefined && user !== 0 && uid !== user)
    return warn(WHAT, `${dataDir} is another user's.`, 'See rights above.');
  return ok(WHAT, `${dataDir} can be written, and not by others.`);
}

/** A server keeps its folder as long as it runs, wherever it listens. */
function checkKeeper(dataDir, isServerThere) {
  const what = 'other server';
  if (isServerThere || !isDataFolderKept(dataDir)) return ok(what, `None has ${dataDir}.`);
  const means = `Another server has ${dataDir}, or a backup that runs, and none answers where the settings say. A second one will not start on it.`;
  const mend = `fuser -v ${dataDir} names its process: stop that one, or give each server a data folder of its own.`;
  return fail(what, means, mend);
}

/** What the server does at its start with a folder that was moved or copied since the last. */
function checkPlace(dataDir) {
  const what = 'place';
  const before = readText(join(dataDir, 'place'));
  const instance = instanceOf(dataDir);
  const now = realpathSync(dataDir);
  if (instance === undefined || before === undefined || before === now) return ok(what, `${dataDir} is where it was.`);
  if (readText(join(before, 'instance')) === instance) {
    const means = `${dataDir} is a copy of ${before}, which is still there. At its next start the server here takes its sandboxes for others and makes their containers anew, with the files of the copy.`;
    return warn(what, means, `Nothing, if two servers are meant. Else remove the one that is not used.`);
  }
  return ok(
    what,
    `${dataDir} was ${before}. At the next start of each sandbox its container is made anew, with its files.`,
  );
}

async function checkFreeDisk(folder, env) {
  const { bavail, bsize, type } = await statfs(folder);
  if (MEMORY_FILE_SYSTEMS.includes(type)) {
    const means = `${folder} is memory: it is empty after a restart of the machine, and what a sandbox writes counts as its memory.`;
    return fail('free disk', means, 'Set SANDBOX_DATA_DIR to a folder on a disk, such as /data/sandboxes.');
  }
  const free = bavail * bsize;
  const reserve = toBytes(env.SANDBOX_DISK_RESERVE || '1g');
  const means = `${toGibibytes(free)} are free at ${folder}.`;
  const mend = 'Free space, or put SANDBOX_DATA_DIR on a larger disk.';
  if (free < reserve)
    return fail('free disk', `${means} That is below SANDBOX_DISK_RESERVE: no new sandbox is made.`, mend);
  if (free < COMFORTABLE_BYTES) return warn('free disk', `${means} That is soon used up.`, mend);
  return ok('free disk', means);
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8').trim();
  } catch {
    return undefined;
  }
}
