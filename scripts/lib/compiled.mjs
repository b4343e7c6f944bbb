import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './paths.mjs';

/**
 * A module of the server's own code, by its path below `dist/`; undefined before the first build.
 * @param {string} path such as `config/config.js`
 */
export async function compiled(path) {
  if (!existsSync(join(ROOT, 'dist', 'main.js'))) return undefined;
  return await import(pathToFileURL(join(ROOT, 'dist', ...path.split('/'))).href);
}
