import { readdirSync, readFileSync } from 'node:fs';
import { isDeepStrictEqual } from 'node:util';
import {
  parseDaemonConfig,
  readDaemonConfig,
  restoreDaemonConfig,
  withRuntime,
  writeDaemonConfig,
} from './daemon-config.mjs';
import { findEngineProcess, reloadUntilKnown, runtimesOfEngine } from './engine-process.mjs';
import { Failure } from './failure.mjs';
import { capture } from './run.mjs';
import { ensureRunsc } from './runsc.mjs';
import { SANDBOX_IMAGE } from './sandbox-image.mjs';
import { print } from './terminal.mjs';

const RUNTIME = 'runsc';
const PROBE_TIMEOUT_MS = 60_000;

// Each is tried only where the one before it does not start a sandbox.
const ARGUMENTS = [
  { args: [], note: '' },
  {
    args: ['--network=none'],
    note: 'gVisor cannot take over a network card on this kernel: SANDBOX_NETWORK=none and proxy work, bridge does not.',
  },
  { args: ['--network=none', '--platform=ptrace'], note: "gVisor's faster platforms do not run on this kernel." },
  {
    args: ['--network=none', '--ignore-cgroups'],
    note: 'gVisor cannot use the control groups here: THE LIMITS OF MEMORY, CPU AND PROCESSES DO NOT HOLD.',
  },
];

/**
 * Makes sure that the engine of this machine can run sandboxes on gVisor: installs runsc, adds it to the engine's
 * configuration, and tries it. What the configuration has already stays; where nothing works it is put back.
 * @param {{pidFile: string | undefined}} options
 */
export async function ensureGvisor({ pidFile }) {
  if ((await runtimesOfEngine())[RUNTIME]) {
    const { isWorking, reason } = await tryRuntime();
    if (isWorking) {
      print(`▸ The engine has the runtime ${RUNTIME} already, and it works.`);
      return;
    }
    print(`  The engine has the runtime ${RUNTIME}, and it does not work: ${reason}`);
  }
  const path = await ensureRunsc();
  const { pid, configFile } = findEngineProcess(pidFile);
  const before = readDaemonConfig(configFile);
  const config = parseDaemonConfig(before);
  const known = config.runtimes?.[RUNTIME];
  const reasons = [];
  for (const { args, note } of ARGUMENTS) {
    const entry = { path, ...known, runtimeArgs: [...new Set([...(known?.runtimeArgs ?? []), ...args])] };
    if (reasons.length > 0 && isDeepStrictEqual(entry, known)) continue;
    writeDaemonConfig(configFile, `${JSON.stringify(withRuntime(config, RUNTIME, entry), null, 2)}\n`);
    if (!(await reloadUntilKnown(pid, RUNTIME, entry.runtimeArgs))) {
      restoreDaemonConfig(configFile, before);
      throw new Failure(
        `The engine does not take in the runtime from ${configFile}, which is as before. Its log says why; a runtime that ` +
          `is also a flag of dockerd must be taken out of the flags.`,
      );
    }
    const { isWorking, reason } = await tryRuntime();
    if (isWorking) {
      print(`▸ Added the runtime ${RUNTIME} (${[path, ...entry.runtimeArgs].join(' ')}) to ${configFile}.`);
      print('  The engine has read it; no container was stopped.');
      if (note) print(`  ${note}`);
      return;
    }
    reasons.push(`${args.join(' ') || 'without arguments'}: ${reason}`);
  }
  restoreDaemonConfig(configFile, before);
  process.kill(pid, 'SIGHUP');
  throw new Failure(`gVisor starts no sandbox here; ${configFile} is as before.\n${reasons.join('\n')}`);
}

/** @returns {Promise<{isWorking: boolean, reason: string}>} whether a container on it sees gVisor's kernel */
async function tryRuntime() {
  const limits = ['--memory', '256m', '--pids-limit', '256', '--network', 'none'];
  const created = await capture('docker', ['create', '--runtime', RUNTIME, ...limits, SANDBOX_IMAGE, 'dmesg']);
  if (created.code !== 0) return { isWorking: false, reason: created.stderr.trim() };
  const id = created.stdout.trim();
  const { code, stdout, stderr } = await capture('docker', ['start', '-a', id], { timeoutMs: PROBE_TIMEOUT_MS });
  await capture('docker', ['rm', '-f', id], { timeoutMs: PROBE_TIMEOUT_MS });
  if (code === 0 && stdout.includes('gVisor')) return { isWorking: true, reason: '' };
  killLeftovers(id);
  return { isWorking: false, reason: stderr.trim().split('\n')[0] || `dmesg ended with code ${code}` };
}

/**
 * Ends what runsc leaves of a container whose start failed.
 * @param {string} containerId
 */
function killLeftovers(containerId) {
  for (const pid of readdirSync('/proc').filter((name) => /^\d+$/.test(name))) {
    try {
      const [program = '', ...args] = readFileSync(`/proc/${pid}/cmdline`, 'utf8').split('\0');
      if (program.startsWith('runsc') && args.includes(containerId)) process.kill(Number(pid), 'SIGKILL');
    } catch {
      // It has ended meanwhile.
    }
  }
}
