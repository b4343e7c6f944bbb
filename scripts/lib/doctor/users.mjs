import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { compiled } from '../compiled.mjs';
import { fail, ok, warn } from './finding.mjs';

/** The last id that `auto` may give: inside of a user namespace, and elsewhere. */
const LAST_AUTOMATIC = { mapped: 60_000, unmapped: 2_147_352_575 };

/** The map of a process in no user namespace but the machine's own. */
const WHOLE_MACHINE = /^\s*0\s+0\s+4294967295\s*$/;

const LARGER_RANGE =
  'Give its user a larger range in /etc/subuid and /etc/subgid, or set SANDBOX_UID_RANGE to ids in it.';

/**
 * True where only some users exist in a sandbox: the engine maps them, or is itself where they are mapped.
 * @param {ReadonlySet<string>} options the names of the engine's security options
 */
export function mapsUsers(options) {
  return options.has('rootless') || options.has('userns') || !isWholeMachine();
}

/**
 * Who the users of sandboxes are on this machine, and whether the server can give them their files.
 * @param {Record<string, any>} info what the engine says of itself
 * @param {ReadonlySet<string>} options the names of its security options
 * @param {NodeJS.ProcessEnv} env
 * @returns {Promise<import('./finding.mjs').Finding>}
 */
export async function checkUsers(info, options, env) {
  const what = 'users';
  const range = parseRange(env.SANDBOX_UID_RANGE);
  const last = range?.last ?? LAST_AUTOMATIC[mapsUsers(options) ? 'mapped' : 'unmapped'];
  if (options.has('rootless')) return checkRootless(what, last);
  if (options.has('userns')) return checkRemapped(what, info, last);
  if (!isInOwnMap(last)) {
    const means = `This user namespace has no user ${last}, so no sandbox of that user can run. The server will not start.`;
    return fail(what, means, LARGER_RANGE);
  }
  if (process.getuid?.() !== 0) {
    const means = 'Each sandbox is a user of its own, whom this user cannot give files to. The server will not start.';
    return fail(what, means, 'Run the server as root.');
  }
  return await describe(what, range, env);
}

async function describe(what, range, env) {
  const { first, last } = range ?? (await automaticRange(env)) ?? {};
  if (first === undefined)
    return ok(what, 'Each sandbox is a user of its own, whose id nobody else of this machine has.');
  const means = `Each sandbox is a user of its own, from ${first} to ${last}, without capabilities.`;
  const other = subordinates().find((entry) => entry.first <= last && entry.first + entry.count > first);
  if (other) {
    const overlap = `${means} Some of these are also those of ${other.name} in /etc/subuid.`;
    return warn(what, overlap, 'Set SANDBOX_UID_RANGE to ids that nobody has, or to auto.');
  }
  const needed = Number(env.SANDBOX_MAX_CONTAINERS || env.POOL_MAX_SIZE || 50);
  if (last - first + 1 >= needed) return ok(what, means);
  return warn(
    what,
    `${means} These are less than SANDBOX_MAX_CONTAINERS (${needed}).`,
    'Set SANDBOX_UID_RANGE to more.',
  );
}

function checkRemapped(what, { DockerRootDir: rootDir }, last) {
  const [, uid] = /\/(\d+)\.\d+$/.exec(rootDir) ?? [];
  if (uid === undefined) {
    const means =
      'userns-remap is on, and the data folder of the engine does not say to whom. The server will not start.';
    return fail(what, means, 'Use the engine of Docker itself, or switch userns-remap off.');
  }
  const range = subordinates().find(({ first }) => first === Number(uid));
  if (range && range.count <= last) {
    const means = `userns-remap is on with ${range.count} users, and sandboxes need them up to ${last}. The server will not start.`;
    return fail(what, means, LARGER_RANGE);
  }
  const means = `userns-remap is on: user 0 of a sandbox is ${uid} here, and so on; each sandbox is a user of its own`;
  if (process.getuid?.() === 0) return ok(what, `${means}, whom the server gives its folders to.`);
  return fail(
    what,
    `${means}, whom this user cannot give folders to.`,
    'Run the server as root, or switch userns-remap off.',
  );
}

function checkRootless(what, last) {
  const means =
    'The engine is rootless: who breaks out of a sandbox is an ordinary user. Disks are measured, and limits need cgroup v2.';
  if (isWholeMachine()) {
    return warn(
      what,
      `${means} The server starts in a user namespace only.`,
      'Start it, as the user of the engine, with: unshare --map-root-user --map-auto npm start',
    );
  }
  if (isInOwnMap(last)) return ok(what, means);
  return fail(what, `${means} It has no user ${last}, which sandboxes need. The server will not start.`, LARGER_RANGE);
}

/** The server's own code says it, once it is built and has run. */
async function automaticRange(env) {
  const instance = readText(join(env.SANDBOX_DATA_DIR || '/data/sandboxes', 'instance'));
  const module = await compiled('sandboxes/users/uid-range.js');
  return /^[0-9a-f]{12}$/.test(instance) ? module?.toAutomaticRange(false, instance) : undefined;
}

function parseRange(text) {
  const [, first, last] = /^(\d{1,10})-(\d{1,10})$/.exec(text ?? '') ?? [];
  return first === undefined ? undefined : { first: Number(first), last: Number(last) };
}

/** The ranges of users that this machine has given away. */
function subordinates() {
  return readText('/etc/subuid')
    .split('\n')
    .map((line) => line.split(':'))
    .filter((parts) => parts.length === 3)
    .map(([name, first, count]) => ({ name, first: Number(first), count: Number(count) }));
}

function isWholeMachine() {
  return WHOLE_MACHINE.test(readText('/proc/self/uid_map'));
}

function isInOwnMap(id) {
  const lines = readText('/proc/self/uid_map').trim().split('\n');
  return lines.some((line) => {
    const [first, , count] = line.trim().split(/\s+/).map(Number);
    return id >= first && id < first + count;
  });
}

function readText(path) {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return '';
  }
}
