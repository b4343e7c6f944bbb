import { spawn } from 'node:child_process';
import { closeSync, existsSync, openSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import { installWithApt, isRootWithApt } from './apt.mjs';
import { Failure } from './failure.mjs';
import { capture } from './run.mjs';
import { stage } from './stage.mjs';

const ANSWER_TIMEOUT_MS = 10_000;
const START_TIMEOUT_MS = 60_000;
const POLL_MS = 200;
const DAEMON = 'dockerd';
const DAEMON_LOG = '/var/log/clara-sandbox-dockerd.log';

/**
 * Makes sure that a Docker engine answers: uses one that does, else, as root on a machine with apt,
 * installs and starts one, else says what to do.
 * @param {NodeJS.ProcessEnv} env
 */
export async function ensureEngine(env) {
  const answer = await askEngine();
  if (answer.version) return;
  if (env.DOCKER_HOST) {
    throw new Failure(
      `No Docker engine answers at DOCKER_HOST=${env.DOCKER_HOST}: ${answer.reason}. ` +
        'Start it, or unset DOCKER_HOST to use the engine of this machine.',
    );
  }
  if (!isRootWithApt()) throw new Failure(explainWhatToDo(answer.reason));
  await installMissingPrograms();
  if ((await askEngine()).version) return;
  await stage('Starting the Docker engine', startEngine);
}

/** @returns {Promise<{version: string, reason: string}>} an empty version where no engine answers */
async function askEngine() {
  const args = ['version', '--format', '{{.Server.Version}}'];
  const { code, stdout, stderr } = await capture('docker', args, { timeoutMs: ANSWER_TIMEOUT_MS });
  if (code === 0) return { version: stdout.trim(), reason: '' };
  const reason = code === 127 ? 'the docker command is not installed' : stderr.trim().split('\n').at(-1);
  return { version: '', reason: reason?.replace(/[.?]+$/, '') || 'it does not answer' };
}

async function installMissingPrograms() {
  const hasDaemon = (await capture(DAEMON, ['--version'])).code === 0;
  const hasClient = (await capture('docker', ['--version'])).code === 0;
  if (!hasDaemon) await installWithApt(['docker.io']);
  // Newer releases of the distributions have the client in a package of its own.
  if (!hasClient && (await capture('docker', ['--version'])).code !== 0) await installWithApt(['docker-cli']);
}

async function startEngine() {
  if (existsSync('/run/systemd/system')) {
    const { code, stderr } = await capture('systemctl', ['start', 'docker'], { timeoutMs: START_TIMEOUT_MS });
    if (code !== 0) throw new Failure(`systemd could not start docker: ${stderr.trim()}. See journalctl -u docker.`);
    await waitForEngine('journalctl -u docker', () => true);
    return;
  }
  const log = openSync(DAEMON_LOG, 'a', 0o600);
  // A session of its own: the engine, and the sandboxes in it, outlive this process and its terminal.
  const daemon = spawn(DAEMON, [], { detached: true, stdio: ['ignore', log, log] });
  closeSync(log);
  let isAlive = true;
  daemon.once('error', () => {
    isAlive = false;
  });
  daemon.once('exit', () => {
    isAlive = false;
  });
  daemon.unref();
  await waitForEngine(DAEMON_LOG, () => isAlive);
}

/**
 * @param {string} logSource where the engine's own messages are
 * @param {() => boolean} isAlive
 */
async function waitForEngine(logSource, isAlive) {
  const deadline = performance.now() + START_TIMEOUT_MS;
  while (performance.now() < deadline) {
    if ((await askEngine()).version) return;
    if (!isAlive()) throw new Failure(`The Docker engine ended right after its start. Its messages: ${logSource}`);
    await delay(POLL_MS);
  }
  throw new Failure(
    `The Docker engine did not answer within ${START_TIMEOUT_MS / 1000} s of its start. Its messages: ${logSource}`,
  );
}

/** @param {string} reason */
function explainWhatToDo(reason) {
  const lines = [`No Docker engine answers: ${reason}.`];
  if (/permission denied/i.test(reason)) {
    lines.push('Allow your user to use it, then log in again: sudo usermod -aG docker "$USER"');
  } else if (existsSync('/usr/bin/apt-get')) {
    lines.push('Install and start one: sudo apt-get update && sudo apt-get install -y docker.io');
    lines.push('and allow your user to use it, then log in again: sudo usermod -aG docker "$USER"');
  } else {
    lines.push('Install Docker for your system and start it, or set DOCKER_HOST to an engine that runs elsewhere.');
  }
  lines.push('Then run the same command again.');
  return lines.join('\n');
}
