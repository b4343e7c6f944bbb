import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The folder of the repository. */
export const ROOT = dirname(dirname(dirname(fileURLToPath(import.meta.url))));

/**
 * The path of a program that an installed package brings.
 * @param {string} name
 */
export function localProgram(name) {
  return join(ROOT, 'node_modules', '.bin', name);
}
