import { readFileSync } from 'node:fs';
import { fail, ok, warn } from './finding.mjs';
import { checkUsers, mapsUsers } from './users.mjs';

/** The first engine whose default profile has no io_uring. */
const WITHOUT_IO_URING = 25;

/** What the kernel has by default, and the most of which the memory, which is at least so many KiB for each, is little to a machine. */
const [TERMINALS, MOST_TERMINALS, TERMINAL_KIB] = [4096, 16_384, 24];

/** What the kernel counts, where users are mapped, also for all sandboxes together. */
const SHARED_WHERE_MAPPED = { 'fs.inotify.max_user_instances': '/proc/sys/fs/inotify/max_user_instances' };
const ENOUGH_OF_EACH = 1_048_576;

/**
 * What of the kernel sandboxes reach, and who their users are on this machine.
 * @param {Record<string, any>} info what the engine says of itself
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<import('./finding.mjs').Finding[]>}
 */
export async function checkIsolation(info, env) {
  const options = (info.SecurityOptions ?? []).map(toOption);
  const choice = env.SANDBOX_DOCKER_SECCOMP || 'strict';
  const seccomp = options.find(({ name }) => name === 'seccomp');
  const names = new Set(options.map(({ name }) => name));
  return [
    checkSeccomp(seccomp, choice, env),
    checkIoUring(info, env, choice, seccomp),
    await checkUsers(info, names, env),
    checkSharedCounts(env, mapsUsers(names)),
    judgeTerminals(readNumber('/proc/sys/kernel/pty/max'), env, limitsTerminals(info, names, env)),
  ];
}

function toOption(text) {
  return Object.fromEntries(text.split(',').map((part) => part.split('=', 2)));
}

function checkSeccomp(seccomp, choice, env) {
  const what = 'seccomp';
  if (!seccomp) {
    const means = 'The engine or its kernel cannot filter system calls. The server will not start.';
    return fail(what, means, 'Use a kernel with CONFIG_SECCOMP_FILTER and an engine with seccomp.');
  }
  if (choice === 'strict')
    return ok(what, "strict: sandboxes make the system calls of this project's own list, and no others.");
  if (seccomp.profile === 'unconfined') {
    const means = 'SANDBOX_DOCKER_SECCOMP=engine, and the engine is set to filter nothing. The server will not start.';
    return fail(what, means, 'Unset SANDBOX_DOCKER_SECCOMP, or remove seccomp-profile from daemon.json.');
  }
  if (env.SANDBOX_DOCKER_RUNTIME === 'runsc')
    return ok(what, 'engine: gVisor answers the calls of sandboxes, whatever it says.');
  const means = `engine: sandboxes make the system calls that the engine's profile (${seccomp.profile}) has. Code can attach programs in the kernel, and enough of them stop this machine until it is reset.`;
  return warn(what, means, 'Unset SANDBOX_DOCKER_SECCOMP, unless you trust all code in sandboxes.');
}

function checkIoUring(info, env, choice, seccomp) {
  const what = 'io_uring';
  if (env.SANDBOX_DOCKER_RUNTIME === 'runsc')
    return ok(what, "The kernel's is out of reach: gVisor answers the calls.");
  if (choice === 'strict') return ok(what, "Out of reach of sandboxes: it is not in this project's list.");
  if (readNumber('/proc/sys/kernel/io_uring_disabled') === 2) return ok(what, 'Off on this machine.');
  const isDefault = seccomp?.profile === 'default' || seccomp?.profile === 'builtin';
  if (isDefault && Number.parseInt(info.ServerVersion, 10) >= WITHOUT_IO_URING)
    return ok(what, "Out of reach of sandboxes: it is not in the engine's profile.");
  const means = isDefault
    ? `Sandboxes reach it: the default profile of Docker ${info.ServerVersion} has it, a part of the kernel with many holes so far.`
    : `Sandboxes may reach it: ${seccomp?.profile ?? 'no profile'} decides.`;
  return warn(what, means, 'Unset SANDBOX_DOCKER_SECCOMP, or set sysctl kernel.io_uring_disabled=2.');
}

/**
 * What there is to say of so many pseudo-terminals, which the kernel counts for the whole machine, and their memory for nobody.
 * @param {number} most
 * @param {NodeJS.ProcessEnv} env
 * @param {boolean} isLimited whether each sandbox has a limit of its own
 */
export function judgeTerminals(most, env, isLimited) {
  const what = 'terminals';
  if (env.SANDBOX_DOCKER_RUNTIME === 'runsc') return ok(what, "The kernel's are out of reach: gVisor has its own.");
  const share = isLimited
    ? 'and the kernel gives each only a part of them'
    : 'and one that closes their masters can take all: with SELinux, live-restore, a rootless engine or another runtime the kernel does not limit them for each';
  const means = `There may be ${most} pseudo-terminals for all sandboxes together, ${share}`;
  if (!(most > MOST_TERMINALS)) return ok(what, `${means}.`);
  return warn(
    what,
    `${means}; they are ${Math.ceil((most * TERMINAL_KIB) / 1024 ** 2)} GiB or more in all that no limit of memory counts.`,
    `sysctl -w kernel.pty.max=${TERMINALS}, and the same in a file in /etc/sysctl.d, unless the machine needs more.`,
  );
}

/** Whether the server can have the engine limit them, as src/engines/docker/facts.ts decides. */
function limitsTerminals(info, names, env) {
  const isOrdinary = !names.has('selinux') && !names.has('rootless') && info.LiveRestoreEnabled !== true;
  return isOrdinary && (env.SANDBOX_DOCKER_RUNTIME || 'runc') === 'runc';
}

/** What one sandbox could take from all others: before it has ENOUGH_OF_EACH its memory ends. */
function checkSharedCounts(env, isMapped) {
  const what = 'shared counts';
  if (env.SANDBOX_DOCKER_RUNTIME === 'runsc') return ok(what, "The kernel's are out of reach: gVisor has its own.");
  const counts = isMapped ? SHARED_WHERE_MAPPED : {};
  const small = Object.entries(counts).filter(([, path]) => !(readNumber(path) >= ENOUGH_OF_EACH));
  if (small.length === 0) return ok(what, 'No sandbox can take what the kernel counts for users from another.');
  const names = small.map(([name]) => name);
  const means = `One sandbox can take from all others what the kernel counts for all of them together: ${names.join(' and ')}.`;
  const settings = names.map((name) => `${name}=${ENOUGH_OF_EACH}`).join(' ');
  return warn(what, means, `sysctl -w ${settings}, and the same in a file in /etc/sysctl.d.`);
}

function readNumber(path) {
  return Number.parseInt(readText(path), 10);
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
