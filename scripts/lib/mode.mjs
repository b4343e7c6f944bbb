import { DEFAULT_DATA_DIR, engineNoteOf } from './data-folder.mjs';
import { Incus } from './incus/client.mjs';
import { capture } from './run.mjs';
import { SANDBOX_IMAGE } from './sandbox-image.mjs';

/** Names of published examples, which mean the own image. */
const PUBLISHED = /^(?:(?:index\.)?docker\.io\/)?(?:k2data\/.|k2-sandbox\/.|(?:library\/)?python:3)/;

const ANSWER_TIMEOUT_MS = 10_000;

/** @typedef {'docker' | 'incus' | 'incus-vm' | 'remote'} Mode */

/**
 * What will run sandboxes: as the settings and the data folder say, else Docker where it answers, else an Incus that is set up or on
 * other machines; Docker where none is there, which `npm run up` installs.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<Mode>}
 */
export async function findMode(env) {
  const settled = settledMode(env);
  if (settled) return settled;
  const docker = await capture('docker', ['version'], {
    env: { ...process.env, ...env },
    timeoutMs: ANSWER_TIMEOUT_MS,
  });
  return docker.code !== 0 && (await hasIncus(env)) ? incusModeOf(env) : 'docker';
}

/**
 * What will run sandboxes, where the settings and the data folder alone say it.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Mode | undefined}
 */
export function settledMode(env) {
  const asked = env.SANDBOX_MODE || 'auto';
  if (asked === 'remote' || asked === 'incus-vm') return asked;
  if (asked === 'incus') return incusModeOf(env);
  if (asked !== 'auto') return 'docker';
  if (env.SANDBOX_API_URL && (env.SANDBOX_REMOTE_API_KEY || env.SANDBOX_API_KEY)) return 'remote';
  const last = lastEngine(env);
  return last === 'remote' ? undefined : last;
}

/**
 * The mode of Incus for instances of the type that the settings name.
 * @param {NodeJS.ProcessEnv} env
 */
export function incusModeOf(env) {
  return env.INCUS_SANDBOX_TYPE === 'vm' ? 'incus-vm' : 'incus';
}

/**
 * True where sandboxes have their files in volumes of Incus, and not on this machine.
 * @param {NodeJS.ProcessEnv} env
 * @param {Mode} mode
 */
export function hasVolumes(env, mode) {
  return mode === 'incus-vm' || (mode === 'incus' && new Incus(env).isFar);
}

/** @param {NodeJS.ProcessEnv} env */
async function hasIncus(env) {
  const incus = new Incus(env);
  if (incus.isFar) return true;
  return (await incus.hasProject()) && (await incus.findImage(incusModeOf(env) === 'incus-vm')) !== undefined;
}

/**
 * What ran the sandboxes of the data folder last; undefined where it does not say.
 * @param {NodeJS.ProcessEnv} env
 */
export function lastEngine(env) {
  const note = engineNoteOf(env.SANDBOX_DATA_DIR || DEFAULT_DATA_DIR);
  // A folder whose first start failed has run nothing.
  if (note?.used?.length === 0) return undefined;
  return ['docker', 'incus', 'incus-vm', 'remote'].find((mode) => mode === note?.engine);
}

/**
 * The image of new sandboxes in mode docker, by the first of its names that is set.
 * @param {NodeJS.ProcessEnv} env
 */
export function dockerImageOf(env) {
  const guides = env.DOCKER_SANDBOX_IMAGE || env.SANDBOX_IMAGE || '';
  return env.SANDBOX_DOCKER_IMAGE || (guides === '' || PUBLISHED.test(guides) ? SANDBOX_IMAGE : guides);
}
