import { existsSync, readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { Failure } from './failure.mjs';
import { capture } from './run.mjs';

const PID_FILES = ['/run/docker.pid', '/var/run/docker.pid'];
const CONFIG_FILE = '/etc/docker/daemon.json';
const RELOAD_TIMEOUT_MS = 15_000;
const POLL_MS = 100;

/**
 * The engine's process on this machine and its configuration file; throws a Failure where it is not to be found.
 * @param {string | undefined} pidFile where it is not the usual one
 * @returns {{pid: number, configFile: string}}
 */
export function findEngineProcess(pidFile) {
  const file = (pidFile === undefined ? PID_FILES : [pidFile]).find(existsSync);
  const pid = file === undefined ? Number.NaN : Number.parseInt(readFileSync(file, 'utf8'), 10);
  const args = Number.isInteger(pid) ? commandLine(pid) : [];
  if (!args[0]?.endsWith('dockerd')) {
    throw new Failure(
      'The process of the Docker engine is not to be found on this machine. Where the engine runs elsewhere, run this ' +
        'command there; where its pid file is not /run/docker.pid, name it: npm run gvisor -- --pid-file <path>',
    );
  }
  return { pid, configFile: configFileOf(args) };
}

/** @param {number} pid */
function commandLine(pid) {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
  } catch {
    return [];
  }
}

/** @param {string[]} args */
function configFileOf(args) {
  const at = args.findIndex((arg) => /^--config-file(=|$)/.test(arg));
  if (at < 0) return CONFIG_FILE;
  return args[at]?.split('=')[1] ?? args[at + 1] ?? CONFIG_FILE;
}

/**
 * Lets the engine read its configuration file again, which stops no container, and waits until it has the runtime as wanted.
 * @param {number} pid
 * @param {string} runtime
 * @param {string[]} runtimeArgs
 * @returns {Promise<boolean>} false where it does not take the runtime in
 */
export async function reloadUntilKnown(pid, runtime, runtimeArgs) {
  process.kill(pid, 'SIGHUP');
  const deadline = performance.now() + RELOAD_TIMEOUT_MS;
  while (performance.now() < deadline) {
    const known = (await runtimesOfEngine())[runtime];
    if (known && isDeepStrictEqual(known.runtimeArgs ?? [], runtimeArgs)) return true;
    await delay(POLL_MS);
  }
  return false;
}

/** @returns {Promise<Record<string, import('./daemon-config.mjs').RuntimeEntry>>} the runtimes that the engine has */
export async function runtimesOfEngine() {
  const { code, stdout } = await capture('docker', ['info', '--format', '{{json .Runtimes}}'], { timeoutMs: 10_000 });
  return code === 0 ? (JSON.parse(stdout) ?? {}) : {};
}
