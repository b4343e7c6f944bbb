import { existsSync, readFileSync } from 'node:fs';
import { stat } from 'node:fs/promises';
import { compiled } from '../compiled.mjs';
import { counted } from '../counted.mjs';
import { dockerImageOf } from '../mode.mjs';
import { capture } from '../run.mjs';
import { SANDBOX_IMAGE } from '../sandbox-image.mjs';
import { fail, ok, warn } from './finding.mjs';
import { checkPermittedImages } from './images.mjs';
import { checkIsolation } from './isolation.mjs';
import { toBytes, toGibibytes } from './size.mjs';

const ANSWER_TIMEOUT_MS = 10_000;
const OLDEST = { major: 20, minor: 10 };
const CLOCK_DIFFERENCE_MS = 60_000;
const FIRST_POSSIBLE_YEAR = 2025;

/**
 * All that can be said about the engine; where it does not answer, only that.
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<import('./finding.mjs').Finding[]>}
 */
export async function checkEngine(env) {
  const socket = await checkSocket(env);
  const args = ['info', '--format', '{{json .}}'];
  const { code, stdout, stderr } = await capture('docker', args, {
    env: { ...process.env, ...env },
    timeoutMs: ANSWER_TIMEOUT_MS,
  });
  const info = code === 0 ? parse(stdout) : undefined;
  if (!info?.ServerVersion) {
    const reason =
      code === 127 ? 'the docker command is not installed' : code === 124 ? 'it took too long' : lastLine(stderr);
    const mend =
      'npm run up installs and starts one as root on a machine with apt; else start Docker and allow this user to use it.';
    return [...socket, fail('engine', `No Docker engine answers: ${reason}.`, mend)];
  }
  return [
    ...socket,
    checkVersion(info),
    checkCgroups(info),
    checkRuntime(info, env),
    ...(await checkIsolation(info, env)),
    checkLimits(info),
    await checkSockets(info, env),
    judgeMemory(info, env),
    checkSwap(info),
    await checkImage(env),
    await checkPermittedImages(env),
    checkClock(info),
  ];
}

async function checkSocket(env) {
  const host = env.DOCKER_HOST || 'unix:///var/run/docker.sock';
  if (!host.startsWith('unix://')) return [];
  const path = host.slice('unix://'.length);
  const what = 'engine socket';
  const found = await stat(path).catch(() => undefined);
  if (!found) return [fail(what, `${path} is not there.`, 'Start Docker, or set DOCKER_HOST to where it listens.')];
  if (found.mode & 0o002) {
    const means = `${path} is open to every user of this machine, and who can use it is root.`;
    return [
      fail(what, means, `chmod 660 ${path}; Docker sets this at its start unless a unit or a script changes it.`),
    ];
  }
  return [ok(what, `${path} is closed to other users.`)];
}

function checkVersion({ ServerVersion: version }) {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  if (major > OLDEST.major || (major === OLDEST.major && minor >= OLDEST.minor))
    return ok('engine', `Docker ${version} answers.`);
  return fail('engine', `Docker ${version} is older than ${OLDEST.major}.${OLDEST.minor}.`, 'Install a newer one.');
}

function checkCgroups({ CgroupVersion: version }) {
  return ok('cgroups', `Version ${version ?? 1}: memory, CPU and processes are limited the same with 1 and 2.`);
}

function checkRuntime({ Runtimes: runtimes = {} }, env) {
  const wanted = env.SANDBOX_DOCKER_RUNTIME || 'runc';
  if (!(wanted in runtimes)) {
    const means = `The engine has no runtime ${wanted}; it has ${Object.keys(runtimes).join(', ')}. The server will not start.`;
    return fail(
      'runtime',
      means,
      `Install ${wanted} and name it in /etc/docker/daemon.json, or unset SANDBOX_DOCKER_RUNTIME.`,
    );
  }
  if (wanted !== 'runc') return ok('runtime', `${wanted} is there.`);
  return ok(
    'runtime',
    'runc: sandboxes share the kernel of this machine. For code of the worst sort see runsc in docs/.',
  );
}

function checkLimits(info) {
  const missing = [
    ['MemoryLimit', 'memory'],
    ['CpuCfsQuota', 'CPU'],
    ['PidsLimit', 'the number of processes'],
  ].filter(([field]) => info[field] !== true);
  if (missing.length === 0) return ok('limits', 'The kernel limits memory, CPU and processes.');
  const means = `The kernel does not limit ${missing.map(([, name]) => name).join(' and ')}: one sandbox can stop this machine.`;
  const mend = (info.SecurityOptions ?? []).includes('name=rootless')
    ? 'Boot with cgroup v2 and delegate its controllers to the user of the engine; pausing needs it too.'
    : 'Boot with cgroup_enable=memory, or use a kernel with these controllers.';
  return fail('limits', means, mend);
}

/** What waits in sockets is memory too, by the server's own code once that is built. */
async function checkSockets({ CgroupVersion: version }, env) {
  const what = 'socket memory';
  if (env.SANDBOX_DOCKER_RUNTIME === 'runsc')
    return ok(what, "It is gVisor's own, and counts as the sandbox's memory.");
  const module = await compiled('engines/hardening/socket-memory.js');
  if (!module) return ok(what, 'The server looks at it; it is not built yet.');
  if (await module.canLimitSockets(Number(version) === 2 ? 2 : 1))
    return ok(what, "What waits in a sandbox's sockets is limited, as its memory is.");
  const means =
    "The kernel does not limit what waits in a sandbox's sockets; the server looks every few seconds and stops a sandbox that holds much there.";
  const mend =
    'Boot with cgroup v2 (systemd.unified_cgroup_hierarchy=1) and without cgroup.memory=nosocket, or with version 1 run the server as root on the machine itself.';
  return warn(what, means, mend);
}

/**
 * What there is to say of the memory that sandboxes may use, and that of the machine.
 * @param {{MemTotal: number}} info what the engine says of itself
 * @param {NodeJS.ProcessEnv} env
 */
export function judgeMemory({ MemTotal: total }, env) {
  const each = toBytes(env.SANDBOX_DOCKER_MEMORY || env.DOCKER_SANDBOX_MEMORY || '512m');
  const count = Number(env.SANDBOX_MAX_CONTAINERS || env.POOL_MAX_SIZE || 50);
  const sum = `${counted(count, 'sandbox', 'sandboxes')} of ${toGibibytes(each)} may use ${toGibibytes(each * count)}; this machine has ${toGibibytes(total)}.`;
  if (each > total) return fail('memory', sum, 'Set SANDBOX_DOCKER_MEMORY to less than this machine has.');
  const mend = `Set SANDBOX_MAX_CONTAINERS to ${Math.floor(total / each)} or less, or SANDBOX_DOCKER_MEMORY lower.`;
  if (each * count > total)
    return warn('memory', `${sum} Few use all of it at once; if they do, the kernel ends some.`, mend);
  return ok('memory', sum);
}

function checkSwap({ SwapLimit: isCounted }) {
  const hasSwap = existsSync('/proc/swaps') && readFileSync('/proc/swaps', 'utf8').trim().split('\n').length > 1;
  if (isCounted) return ok('swap', 'Swap counts against the memory of a sandbox.');
  if (!hasSwap) return ok('swap', 'It is not counted, and this machine has none.');
  const means = 'Swap is not counted: a sandbox can use more than its memory by filling the swap.';
  return warn('swap', means, 'Boot with swapaccount=1, or switch swap off with swapoff -a.');
}

async function checkImage(env) {
  const image = dockerImageOf(env);
  const { code } = await capture('docker', ['image', 'inspect', image], { timeoutMs: ANSWER_TIMEOUT_MS });
  if (code === 0) return ok('image', `${image} is there.`);
  if (image === SANDBOX_IMAGE)
    return warn('image', `${image} is not built yet.`, 'npm run up builds it, or npm run image.');
  return fail(
    'image',
    `${image} is not on this machine, so no sandbox can be made.`,
    `docker pull ${image}, or unset the variable that names it.`,
  );
}

function checkClock({ SystemTime: engineTime }) {
  const now = Date.now();
  if (new Date(now).getUTCFullYear() < FIRST_POSSIBLE_YEAR) {
    return fail(
      'clock',
      `It says ${new Date(now).toISOString()}.`,
      'Set it: systemctl enable --now systemd-timesyncd, or ntpd.',
    );
  }
  const difference = Math.abs(now - Date.parse(engineTime));
  if (difference > CLOCK_DIFFERENCE_MS) {
    return warn(
      'clock',
      `This machine and the engine are ${Math.round(difference / 1000)} s apart.`,
      'Set both by NTP.',
    );
  }
  return ok('clock', `It says ${new Date(now).toISOString()}, and the engine the same.`);
}

function parse(text) {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function lastLine(text) {
  return (
    text
      .trim()
      .split('\n')
      .at(-1)
      ?.replace(/[.?]+$/, '') || 'it gives no reason'
  );
}
