import { existsSync } from 'node:fs';
import { Failure } from './failure.mjs';
import { runLogged } from './run.mjs';
import { stage } from './stage.mjs';

const UPDATE_TIMEOUT_MS = 180_000;
const INSTALL_TIMEOUT_MS = 600_000;

// Machines update themselves in the background; apt gives up at once where another has its lock.
const WAIT_FOR_LOCK = ['-o', 'DPkg::Lock::Timeout=300'];

/** Whether this process may install packages with apt. */
export function isRootWithApt() {
  return process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
}

/**
 * Installs packages of the distribution.
 * @param {string[]} packages
 */
export async function installWithApt(packages) {
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const names = packages.join(', ');
  await stage(`Installing ${names} with apt`, async () => {
    await runLogged('read the package lists', 'apt-get', ['update'], { env, timeoutMs: UPDATE_TIMEOUT_MS });
    const args = ['install', '-y', '--no-install-recommends', ...WAIT_FOR_LOCK, ...packages];
    await runLogged(`install ${names}`, 'apt-get', args, { env, timeoutMs: INSTALL_TIMEOUT_MS });
  });
}

/**
 * Makes sure that something is there; installs it as root on a machine with apt.
 * @param {{isThere: boolean, missing: string, packages: string[]}} needed `missing` says what is not there, and what to do
 */
export async function ensureInstalled({ isThere, missing, packages }) {
  if (isThere) return;
  if (!isRootWithApt()) throw new Failure(missing);
  await installWithApt(packages);
}
