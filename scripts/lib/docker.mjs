import { capture } from './run.mjs';

/** The label that carries the hash of what an image was built from. */
export const SOURCE_HASH_LABEL = 'clara.source-hash';

/**
 * What the engine knows about an image, or undefined where it does not have it.
 * @param {string} reference
 * @returns {Promise<{id: string, sourceHash: string | undefined} | undefined>}
 */
export async function findImage(reference) {
  const format = '{{.Id}} {{json .Config.Labels}}';
  const { code, stdout } = await capture('docker', ['image', 'inspect', '--format', format, reference]);
  if (code !== 0) return undefined;
  const separator = stdout.indexOf(' ');
  /** @type {Record<string, string> | null} */
  const labels = JSON.parse(stdout.slice(separator));
  return { id: stdout.slice(0, separator), sourceHash: labels?.[SOURCE_HASH_LABEL] };
}

/**
 * Pulls an image; false where no registry brings it before the deadline without progress.
 * @param {string} reference
 * @param {number} timeoutMs
 */
export async function pullImage(reference, timeoutMs) {
  const { code } = await capture('docker', ['pull', '--quiet', reference], { timeoutMs });
  return code === 0;
}
