import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseEnv } from 'node:util';
import { ROOT } from './paths.mjs';

/** The file with the settings that the environment does not have. */
export const ENV_FILE = join(ROOT, '.env');

/**
 * The settings as the server will see them: the environment wins over `.env`.
 * @returns {NodeJS.ProcessEnv}
 */
export function readEnvironment() {
  const fromFile = existsSync(ENV_FILE) ? parseEnv(readFileSync(ENV_FILE, 'utf8')) : {};
  return { ...fromFile, ...process.env };
}
