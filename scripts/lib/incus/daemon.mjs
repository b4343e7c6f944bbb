import { spawn } from 'node:child_process';
import { closeSync, existsSync, mkdirSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { ensureInstalled, isRootWithApt } from '../apt.mjs';
import { addBackports } from '../backports.mjs';
import { Failure } from '../failure.mjs';
import { capture } from '../run.mjs';
import { hasSystemd } from '../service.mjs';
import { stage } from '../stage.mjs';

const DAEMON = '/usr/libexec/incus/incusd';
const QEMU = process.arch === 'arm64' ? 'qemu-system-aarch64' : 'qemu-system-x86_64';
const LOG_FOLDER = '/var/log/incus';
const JOURNAL = 'journalctl -u incus';
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 200;

const MISSING =
  'Incus is not installed, and installing it needs root on a machine with apt. Run `sudo npm run incus`, or install it as ' +
  'linuxcontainers.org/incus says, then run the same command again.';

const NO_QEMU =
  'QEMU is not installed, and installing it needs root on a machine with apt. Run `sudo npm run incus`, or install it, then run the ' +
  'same command again.';

/**
 * Makes sure that an Incus answers on this machine: installs it where it is absent, and starts it where it does not run. One that the
 * settings have elsewhere is its operator's.
 * @param {import('./client.mjs').Incus} incus
 * @param {{hasMachines: boolean}} wanted with what virtual machines need
 */
export async function ensureIncus(incus, { hasMachines }) {
  const { version, reason } = await incus.ask();
  const isOurs = incus.remote === 'local';
  if (version && isOurs && hasMachines) await ensureQemu(incus);
  if (version) return;
  if (!isOurs) {
    const mend = 'Start it, or leave INCUS_REMOTE empty.';
    throw new Failure(`No Incus answers at INCUS_REMOTE=${incus.remote}: ${reason}. ${mend}`);
  }
  await ensurePackages(hasMachines);
  if ((await incus.ask()).version) return;
  await stage('Starting Incus', () => start(incus));
}

/**
 * For an Incus that runs already.
 * @param {import('./client.mjs').Incus} incus
 */
async function ensureQemu(incus) {
  if (await hasQemu()) return;
  await installIncus({ hasMachines: true, missing: NO_QEMU });
  // It looks for QEMU when it starts.
  if (!hasSystemd())
    throw new Failure('QEMU is installed: start Incus anew, which then finds it, and run the same command again.');
  await stage('Starting Incus anew', async () => {
    await systemctl('restart');
    await waitForIncus(incus, JOURNAL, () => true);
  });
}

async function hasQemu() {
  return (await capture(QEMU, ['--version'])).code === 0;
}

/** @param {boolean} hasMachines */
async function ensurePackages(hasMachines) {
  const isThere = existsSync(DAEMON) && (await capture('incus', ['--version'])).code === 0;
  const hasBtrfs = (await capture('mkfs.btrfs', ['--version'])).code === 0;
  const isEnough = !hasMachines || (await hasQemu());
  if (!isThere || !hasBtrfs || !isEnough) await installIncus({ hasMachines, missing: MISSING });
}

/** @param {{hasMachines: boolean, missing: string}} wanted what is said where it cannot be done */
async function installIncus({ hasMachines, missing }) {
  if (!isRootWithApt()) throw new Failure(missing);
  // Newer releases have it themselves.
  const isOwn = /Candidate: (?!\(none\))/.test((await capture('apt-cache', ['policy', 'incus-base'])).stdout);
  const suite = isOwn ? undefined : addBackports();
  const packages = [hasMachines ? 'incus' : 'incus-base', 'incus-client'].map((name) =>
    suite ? `${name}/${suite}` : name,
  );
  await ensureInstalled({ isThere: false, missing, packages: [...packages, 'btrfs-progs'] });
}

/** @param {import('./client.mjs').Incus} incus */
async function start(incus) {
  if (hasSystemd()) {
    await systemctl('start');
    await waitForIncus(incus, JOURNAL, () => true);
    return;
  }
  mkdirSync(LOG_FOLDER, { recursive: true, mode: 0o700 });
  const log = openSync(`${LOG_FOLDER}/clara-sandbox-incusd.log`, 'a', 0o600);
  // A session of its own: Incus, and the sandboxes in it, outlive this process and its terminal.
  const daemon = spawn(DAEMON, ['--group', 'root', '--logfile', `${LOG_FOLDER}/incusd.log`], {
    detached: true,
    stdio: ['ignore', log, log],
  });
  closeSync(log);
  let isAlive = true;
  for (const event of ['error', 'exit']) {
    daemon.once(event, () => {
      isAlive = false;
    });
  }
  daemon.unref();
  await waitForIncus(incus, `${LOG_FOLDER}/incusd.log`, () => isAlive);
}

/** @param {'start' | 'restart'} verb */
async function systemctl(verb) {
  const { code, stderr } = await capture('systemctl', [verb, 'incus'], { timeoutMs: START_TIMEOUT_MS });
  if (code !== 0) throw new Failure(`systemd could not ${verb} incus: ${stderr.trim()}. See ${JOURNAL}.`);
}

/**
 * @param {import('./client.mjs').Incus} incus
 * @param {string} logSource where Incus' own messages are
 * @param {() => boolean} isAlive
 */
async function waitForIncus(incus, logSource, isAlive) {
  const deadline = performance.now() + START_TIMEOUT_MS;
  let reason = '';
  while (performance.now() < deadline) {
    const answer = await incus.ask();
    if (answer.version) return;
    reason = answer.reason;
    if (!isAlive()) throw new Failure(`Incus ended right after its start (${reason}). Its messages: ${logSource}`);
    await delay(POLL_MS);
  }
  throw new Failure(`Incus did not answer within ${START_TIMEOUT_MS / 1000} s: ${reason}. Its messages: ${logSource}`);
}
