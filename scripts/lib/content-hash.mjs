import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';

/**
 * The SHA-256, in hex, of names and contents of files and folders; a path that does not exist counts as empty, and what Python leaves beside its
 * sources not at all.
 * @param {string[]} paths
 * @param {string[]} [extras] further strings that are part of what is hashed
 * @returns {string}
 */
export function contentHash(paths, extras = []) {
  const hash = createHash('sha256');
  for (const path of paths) addPath(hash, path, '');
  for (const extra of extras) hash.update(`\0extra\0${extra}`);
  return hash.digest('hex');
}

/**
 * @param {import('node:crypto').Hash} hash
 * @param {string} path
 * @param {string} name the path relative to what is hashed, so that the hash does not depend on the folder
 */
function addPath(hash, path, name) {
  if (!existsSync(path)) return;
  if (statSync(path).isDirectory()) {
    for (const child of readdirSync(path).sort()) {
      if (child !== '__pycache__') addPath(hash, join(path, child), `${name}/${child}`);
    }
    return;
  }
  hash.update(`\0file\0${name}\0`).update(readFileSync(path));
}
