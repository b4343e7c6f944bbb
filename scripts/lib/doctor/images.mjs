import { capture } from '../run.mjs';
import { ok, warn } from './finding.mjs';

const ANSWER_TIMEOUT_MS = 10_000;

/**
 * The images that a create may name besides the configured one.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<import('./finding.mjs').Finding>}
 */
export async function checkPermittedImages(env) {
  const entries = (env.SANDBOX_DOCKER_IMAGES ?? '').split(',').map((entry) => entry.trim());
  const named = entries.filter((entry) => entry !== '');
  if (named.includes('*')) {
    const means = 'Whoever has a key may start every image of this engine and read what is in it.';
    return warn('permitted images', means, 'Name those that are meant in SANDBOX_DOCKER_IMAGES, in place of *.');
  }
  const missing = [];
  for (const image of named.filter((entry) => !entry.endsWith('*'))) {
    const { code } = await capture('docker', ['image', 'inspect', image], { timeoutMs: ANSWER_TIMEOUT_MS });
    if (code !== 0) missing.push(image);
  }
  if (missing.length > 0) {
    const means = `A create may name ${missing.join(', ')}, which the engine does not have.`;
    return warn('permitted images', means, `docker pull ${missing[0]}, or take it out of SANDBOX_DOCKER_IMAGES.`);
  }
  const others = named.length === 0 ? 'no other' : named.join(', ');
  return ok('permitted images', `A create may name the configured image and ${others}.`);
}
