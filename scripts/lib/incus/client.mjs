import { Failure } from '../failure.mjs';
import { capture } from '../run.mjs';

/** The project in which the server's containers, images and volumes are, apart from all others of this Incus. */
export const PROJECT = 'clara-sandbox';

/** The storage pool that they are in. */
export const POOL = 'clara-sandbox';

const CALL_MS = 120_000;

/**
 * What a command of incus wrote; throws a Failure with what it said where it fails.
 * @param {string[]} args
 * @param {{timeoutMs?: number}} [options]
 */
export async function incus(args, { timeoutMs = CALL_MS } = {}) {
  const { code, stdout, stderr } = await capture('incus', args, { timeoutMs });
  if (code === 0) return stdout;
  throw new Failure(`incus ${args.slice(0, 3).join(' ')} failed: ${stderr.trim() || `it ended with code ${code}`}`);
}

/**
 * What the API answers at a path.
 * @param {string} path
 */
export async function query(path) {
  const text = await incus(['query', path]);
  // An empty list is printed as nothing.
  return text.trim() === '' ? [] : JSON.parse(text);
}

/** @returns {Promise<{version: string, reason: string}>} an empty version where no Incus answers */
export async function askIncus() {
  const { code, stdout, stderr } = await capture('incus', ['query', '/1.0'], { timeoutMs: 10_000 });
  if (code === 0) return { version: JSON.parse(stdout).environment?.server_version ?? '', reason: '' };
  const reason = code === 127 ? 'the incus command is not installed' : stderr.trim().split('\n').at(-1);
  return { version: '', reason: reason?.replace(/[.?]+$/, '') || 'it does not answer' };
}
