import { readFileSync } from 'node:fs';
import { fail, ok, warn } from './finding.mjs';

/** The first engine whose default profile has no io_uring. */
const WITHOUT_IO_URING = 25;

/** Limits of a user, as all sandboxes are one, and of the machine. */
const SHARED_COUNTS = {
  'fs.inotify.max_user_instances': '/proc/sys/fs/inotify/max_user_instances',
  'kernel.pty.max': '/proc/sys/kernel/pty/max',
};
const ENOUGH_OF_EACH = 1_048_576;

/** The map of a process in no user namespace but the machine's own. */
const WHOLE_MACHINE = /^\s*0\s+0\s+4294967295\s*$/;

/**
 * What of the kernel sandboxes reach, and who their users are on this machine.
 * @param {Record<string, any>} info what the engine says of itself
 * @param {NodeJS.ProcessEnv} env
 * @returns {import('./finding.mjs').Finding[]}
 */
export function checkIsolation(info, env) {
  const options = (info.SecurityOptions ?? []).map(toOption);
  const choice = env.SANDBOX_DOCKER_SECCOMP || 'strict';
  const seccomp = options.find(({ name }) => name === 'seccomp');
  return [
    checkSeccomp(seccomp, choice, env),
    checkIoUring(info, env, choice, seccomp),
    checkUsers(info, new Set(options.map(({ name }) => name))),
    checkSharedCounts(env),
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

function checkUsers(info, options) {
  const what = 'users';
  if (options.has('rootless')) return checkRootless(what);
  if (!options.has('userns')) {
    const means = 'Those of sandboxes are those of this machine, without capabilities: user 1000 there is 1000 here.';
    return ok(what, means);
  }
  const [, uid] = /\/(\d+)\.\d+$/.exec(info.DockerRootDir) ?? [];
  if (uid === undefined) {
    const means =
      'userns-remap is on, and the data folder of the engine does not say to whom. The server will not start.';
    return fail(what, means, 'Use the engine of Docker itself, or switch userns-remap off.');
  }
  const means = `userns-remap is on: user 0 of a sandbox is ${uid} here, and user 1000 is ${Number(uid) + 1000}`;
  if (process.getuid?.() === 0) return ok(what, `${means}, whom the server gives the folders of sandboxes to.`);
  return fail(
    what,
    `${means}, whom this user cannot give folders to.`,
    'Run the server as root, or switch userns-remap off.',
  );
}

/** What one sandbox could take from all others: with so many of each its memory ends first. */
function checkSharedCounts(env) {
  const what = 'shared counts';
  if (env.SANDBOX_DOCKER_RUNTIME === 'runsc') return ok(what, "The kernel's are out of reach: gVisor has its own.");
  const small = Object.entries(SHARED_COUNTS).filter(([, path]) => !(readNumber(path) >= ENOUGH_OF_EACH));
  if (small.length === 0) return ok(what, 'No sandbox can take all watches of files or all terminals.');
  const names = small.map(([name]) => name);
  const means = `One sandbox can take from all others what the kernel counts for all of them together: ${names.join(' and ')}.`;
  const settings = names.map((name) => `${name}=${ENOUGH_OF_EACH}`).join(' ');
  return warn(what, means, `sysctl -w ${settings}, and the same in a file in /etc/sysctl.d.`);
}

function checkRootless(what) {
  const means =
    'The engine is rootless: who breaks out of a sandbox is an ordinary user. Disks are measured, and limits need cgroup v2.';
  if (!WHOLE_MACHINE.test(readText('/proc/self/uid_map'))) return ok(what, means);
  return warn(
    what,
    `${means} The server starts in a user namespace only.`,
    'Start it, as the user of the engine, with: unshare --map-root-user --map-auto npm start',
  );
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
