import { stat } from 'node:fs/promises';
import { dirname } from 'node:path';

/**
 * This path, or the nearest above it that is there.
 * @param {string} path
 * @returns {Promise<string>}
 */
export async function nearestFolder(path) {
  const found = await stat(path).catch(() => undefined);
  return found || dirname(path) === path ? path : await nearestFolder(dirname(path));
}
