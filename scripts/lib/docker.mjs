import { capture } from './run.mjs';

const REGISTRY_ANSWER_TIMEOUT_MS = 20_000;
const PULL_TIMEOUT_MS = 900_000;

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
 * Pulls an image; false where no registry that has it answers in time.
 * @param {string} reference
 */
export async function pullImage(reference) {
  const { code } = await capture('docker', ['pull', reference], {
    firstOutputTimeoutMs: REGISTRY_ANSWER_TIMEOUT_MS,
    timeoutMs: PULL_TIMEOUT_MS,
  });
  return code === 0;
}
