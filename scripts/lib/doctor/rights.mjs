import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { compiled } from '../compiled.mjs';
import { DEFAULT_DATA_DIR } from '../data-folder.mjs';
import { Incus } from '../incus/client.mjs';
import { hasVolumes } from '../mode.mjs';
import { fail, ok } from './finding.mjs';
import { nearestFolder } from './nearest-folder.mjs';

const WHAT = 'rights';
const SOCKET_MEND = 'sudo npm run up, or sudo npm run service.';

/**
 * What this user may do and the data folder's file system can, by the server's own code, in the words that it would end its start with.
 * @param {NodeJS.ProcessEnv} env
 * @param {import('../mode.mjs').Mode} mode
 * @returns {Promise<import('./finding.mjs').Finding[]>}
 */
export async function checkRights(env, mode) {
  const folders = await compiled('disks/folder-support.js');
  const errors =
    mode === 'docker' ? await compiled('engines/docker/errors.js') : await compiled('engines/incus/errors.js');
  if (!folders || !errors) return [ok(WHAT, 'The server checks them at its start; it is not built yet.')];
  const dataDir = env.SANDBOX_DATA_DIR || DEFAULT_DATA_DIR;
  const nearest = await nearestFolder(dataDir);
  const denied = await deniedAt(socketOf(env, mode));
  // What is no folder is the data folder's finding.
  const isFolder = (await stat(nearest)).isDirectory();
  const unfit = isFolder ? await whyUnfit(folders, nearest, env, mode) : null;
  const findings = [
    ...(denied ? [fail(WHAT, errors.engineSilent(denied).message, SOCKET_MEND)] : []),
    ...(unfit ? [fail(WHAT, unfit, `df -T ${nearest} shows the file system, id who you are.`)] : []),
  ];
  return findings.length > 0 ? findings : [ok(WHAT, 'This user may use the engine, and give files to sandboxes.')];
}

/** The engine's socket; undefined where it is reached in another way. */
function socketOf(env, mode) {
  const incus = new Incus(env);
  if (mode !== 'docker') return incus.isFar ? undefined : incus.socket;
  const host = env.DOCKER_HOST || 'unix:///var/run/docker.sock';
  return host.startsWith('unix://') ? host.slice('unix://'.length) : undefined;
}

/**
 * The error of a socket that this user may not use; undefined where it may, or where there is none.
 * @param {string | undefined} socket
 */
async function deniedAt(socket) {
  if (socket === undefined) return undefined;
  return await access(socket, constants.R_OK | constants.W_OK).then(
    () => undefined,
    (error) => (error.code === 'EACCES' || error.code === 'EPERM' ? error : undefined),
  );
}

async function whyUnfit(folders, nearest, env, mode) {
  const reason = await folders.whyUnfit(nearest);
  if (reason !== null) return reason;
  const noPrograms = await folders.whyNoPrograms(nearest);
  return noPrograms !== null && !hasVolumes(env, mode) && (await arePlain(nearest, env)) ? noPrograms : null;
}

/** Whether new sandboxes get plain folders, and no disk images. */
async function arePlain(nearest, env) {
  if (env.SANDBOX_DISK_LIMIT === '0' || env.SANDBOX_DISK_MECHANISM === 'measure') return true;
  if (env.SANDBOX_DISK_SERVICE) return false;
  const module = await compiled('disks/mount-support.js');
  return (await module?.whyNotMount(nearest)) !== null;
}
