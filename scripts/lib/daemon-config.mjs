import { chmodSync, existsSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';
import { Failure } from './failure.mjs';

/** @typedef {{path?: string, runtimeArgs?: string[], [key: string]: unknown}} RuntimeEntry */
/** @typedef {{runtimes?: Record<string, RuntimeEntry>, [key: string]: unknown}} DaemonConfig */

/**
 * The text of the engine's configuration file; undefined where there is none.
 * @param {string} file
 */
export function readDaemonConfig(file) {
  return existsSync(file) ? readFileSync(file, 'utf8') : undefined;
}

/**
 * What the text of a configuration file says; throws a Failure where it is not a JSON object.
 * @param {string | undefined} text
 * @returns {DaemonConfig}
 */
export function parseDaemonConfig(text) {
  if (text === undefined || text.trim() === '') return {};
  try {
    const config = JSON.parse(text);
    if (config !== null && typeof config === 'object' && !Array.isArray(config)) return config;
  } catch {
    // The sentence below says it.
  }
  throw new Failure("The engine's configuration file is not a JSON object: mend it, then run the same command again.");
}

/**
 * The configuration with this runtime in it; everything else stays as it is.
 * @param {DaemonConfig} config
 * @param {string} name
 * @param {RuntimeEntry} entry
 * @returns {DaemonConfig}
 */
export function withRuntime(config, name, entry) {
  return { ...config, runtimes: { ...config.runtimes, [name]: entry } };
}

/**
 * Replaces the file in one step and keeps its permissions.
 * @param {string} file
 * @param {string} text
 */
export function writeDaemonConfig(file, text) {
  mkdirSync(dirname(file), { recursive: true });
  const mode = existsSync(file) ? statSync(file).mode & 0o777 : 0o644;
  const next = `${file}.clara-new`;
  writeFileSync(next, text);
  chmodSync(next, mode);
  renameSync(next, file);
}

/**
 * Puts the file back to what it was; undefined for a file that was not there.
 * @param {string} file
 * @param {string | undefined} text
 */
export function restoreDaemonConfig(file, text) {
  if (text === undefined) rmSync(file, { force: true });
  else writeDaemonConfig(file, text);
}
