import { spawnSync } from 'node:child_process';
import { closeSync, existsSync, openSync, readdirSync, readFileSync, realpathSync } from 'node:fs';
import { join } from 'node:path';
import { portOf, reachableHost } from './address.mjs';
import { Failure } from './failure.mjs';
import { capture } from './run.mjs';

/** Where sandboxes live unless the settings say otherwise. */
export const DEFAULT_DATA_DIR = '/data/sandboxes';
const ASK_MS = 3_000;
const UNMOUNT_MS = 60_000;

/**
 * The data folder that the settings name, without links.
 * @param {NodeJS.ProcessEnv} env
 */
export function dataFolderOf(env) {
  const named = env.SANDBOX_DATA_DIR || DEFAULT_DATA_DIR;
  if (!existsSync(named)) throw new Failure(`The data folder ${named} of SANDBOX_DATA_DIR is not there.`);
  return realpathSync(named);
}

/**
 * The identity that tells this data folder's containers from others'; undefined where no server has ever used it.
 * @param {string} dataDir
 */
export function instanceOf(dataDir) {
  const file = join(dataDir, 'instance');
  return existsSync(file) ? /^[0-9a-f]{12}/.exec(readFileSync(file, 'latin1'))?.[0] : undefined;
}

/**
 * What a data folder says of the engines that run its sandboxes; undefined where it does not say.
 * @param {string} dataDir
 * @returns {{engine?: string, used?: string[], incus?: {remote: string, project: string}} | undefined}
 */
export function engineNoteOf(dataDir) {
  try {
    return JSON.parse(readFileSync(join(dataDir, 'engine.json'), 'utf8'));
  } catch {
    return undefined;
  }
}

/**
 * Fails with a sentence while a server answers on the port of these settings: it would start again what is stopped.
 * @param {NodeJS.ProcessEnv} env
 */
export async function requireNoServer(env) {
  const url = `http://${reachableHost(env)}:${portOf(env)}/health`;
  const isThere = await fetch(url, { signal: AbortSignal.timeout(ASK_MS) }).then(
    (response) => response.ok,
    () => false,
  );
  if (isThere) {
    throw new Failure(
      'The server runs. Stop it first: Ctrl-C in its terminal, systemctl stop clara-sandbox, or docker compose stop.',
    );
  }
}

/**
 * Keeps a data folder to this process until it ends, as a server does; fails with a sentence where another one has it.
 * @param {string} dataDir
 */
export function keepDataFolder(dataDir) {
  const { status } = lock(openSync(dataDir, 'r'), '--exclusive');
  if (status === 0) return;
  if (status !== 1) throw new Failure(`${dataDir} cannot be kept to this command: flock of util-linux cannot lock it.`);
  throw new Failure(
    `A server uses ${dataDir}, which fuser -v ${dataDir} names. Stop it first: Ctrl-C in its terminal, systemctl stop clara-sandbox, or docker compose stop.`,
  );
}

/**
 * True where a server, or another of these commands, has this data folder.
 * @param {string} dataDir
 */
export function isDataFolderKept(dataDir) {
  const folder = openSync(dataDir, 'r');
  try {
    return lock(folder, '--shared').status === 1;
  } finally {
    closeSync(folder);
  }
}

/**
 * The lock is that of the open folder, not of the program: it stays until the folder is closed.
 * @param {number} folder
 * @param {'--exclusive' | '--shared'} kind
 */
function lock(folder, kind) {
  return spawnSync('flock', [kind, '--nonblock', '3'], { stdio: ['ignore', 'ignore', 'ignore', folder] });
}

/**
 * Where disks of this data folder are mounted.
 * @param {string} dataDir
 * @param {string} [mounts] as proc(5) has them in mountinfo, where blanks are three octal digits
 */
export function mountedDisks(dataDir, mounts = readFileSync('/proc/self/mountinfo', 'utf8')) {
  return mounts
    .split('\n')
    .map((line) => line.split(' ')[4] ?? '')
    .map((field) => field.replace(/\\([0-7]{3})/g, (_, digits) => String.fromCharCode(Number.parseInt(digits, 8))))
    .filter((point) => point.startsWith(`${dataDir}/`) && point.endsWith('/disk'));
}

/**
 * Unmounts the disks of this data folder, in which nothing runs any more.
 * @param {string} dataDir
 */
export async function unmountDisks(dataDir) {
  for (const point of mountedDisks(dataDir)) {
    const { code, stderr } = await capture('umount', [point], { timeoutMs: UNMOUNT_MS });
    if (code !== 0) throw new Failure(`The disk at ${point} cannot be unmounted: ${stderr.trim()}`);
  }
}

/** What the server calls folders that are nobody's: of the pool, and of what it has tried out. */
const OWNERLESS = /^(?:pool-[0-9a-f]{16}|clara-probe-[0-9A-Za-z]{6})$/;

/**
 * The names in a data folder that a backup holds.
 * @param {string} dataDir
 */
export function entriesOf(dataDir) {
  return readdirSync(dataDir)
    .filter((name) => !OWNERLESS.test(name) && name !== 'lost+found')
    .sort();
}
