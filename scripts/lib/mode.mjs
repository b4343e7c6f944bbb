import { DEFAULT_DATA_DIR, engineNoteOf } from './data-folder.mjs';
import { SANDBOX_IMAGE } from './sandbox-image.mjs';

/** Names of published examples, which mean the own image. */
const PUBLISHED = /^(?:(?:index\.)?docker\.io\/)?(?:k2data\/.|k2-sandbox\/.|(?:library\/)?python:3)/;

const TYPES = { container: 'incus', vm: 'incus-vm' };

/**
 * What will run sandboxes, as far as the settings and the data folder say; where they leave it open, Docker.
 * @param {NodeJS.ProcessEnv} env
 * @returns {'docker' | 'incus' | 'incus-vm' | 'remote'}
 */
export function expectedMode(env) {
  const asked = env.SANDBOX_MODE || 'auto';
  if (asked === 'remote' || asked === 'incus-vm') return asked;
  if (asked === 'incus') return TYPES[env.INCUS_SANDBOX_TYPE || 'container'] ?? 'incus';
  if (asked !== 'auto') return 'docker';
  if (env.SANDBOX_API_URL && (env.SANDBOX_REMOTE_API_KEY || env.SANDBOX_API_KEY)) return 'remote';
  const last = lastEngine(env);
  return last === undefined || last === 'remote' ? 'docker' : last;
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
