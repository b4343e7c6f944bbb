import { get } from 'node:http';
import { createServer } from 'node:net';
import { compiled } from '../compiled.mjs';
import { DEFAULT_DATA_DIR, isDataFolderKept } from '../data-folder.mjs';
import { hasVolumes } from '../mode.mjs';
import { checkDataFolder } from './data-folder.mjs';
import { fail, ok, warn } from './finding.mjs';
import { nearestFolder } from './nearest-folder.mjs';

/** The server gives its engine three seconds to answer. */
const HEALTH_TIMEOUT_MS = 5_000;
const HEALTH_CHARACTERS = 65_536;

/**
 * What the server needs of this machine besides the engine.
 * @param {NodeJS.ProcessEnv} env
 * @param {import('../mode.mjs').Mode} mode
 * @returns {Promise<import('./finding.mjs').Finding[]>}
 */
export async function checkHost(env, mode) {
  const dataDir = env.SANDBOX_DATA_DIR || DEFAULT_DATA_DIR;
  const nearest = await nearestFolder(dataDir);
  const answer = await healthOf(env);
  // One server keeps one folder: who answers while nobody keeps this one has another.
  const health = answer !== undefined && nearest === dataDir && isKept(dataDir) ? answer : undefined;
  const isOfAnother = answer !== undefined && health === undefined;
  return [
    await checkPort(env, { isOurs: health !== undefined, isOfAnother }),
    ...checkServer(health),
    ...(await checkDataFolder(dataDir, nearest, { env, isServerThere: health !== undefined })),
    await checkDisks(nearest, env, mode),
  ];
}

/** @param {string} dataDir */
function isKept(dataDir) {
  try {
    return isDataFolderKept(dataDir);
  } catch {
    // Whoever may not open it cannot tell.
    return true;
  }
}

async function checkPort(env, { isOurs, isOfAnother }) {
  const host = env.SANDBOX_API_HOST || '0.0.0.0';
  const port = Number(env.SANDBOX_API_PORT || 8080);
  if (!Number.isInteger(port) || port < 0 || port > 65_535) {
    return fail('port', `SANDBOX_API_PORT=${env.SANDBOX_API_PORT} is no port.`, 'Set it to a number from 1 to 65535.');
  }
  const error = await tryListen(host, port);
  if (!error) return ok('port', `${port} is free.`);
  if (error.code === 'EADDRINUSE' && isOurs) return ok('port', `${port} is this server's, which runs.`);
  if (error.code === 'EADDRINUSE') {
    return fail(
      'port',
      `${port} is taken by ${isOfAnother ? 'a server of another data folder' : 'another program'}.`,
      `Stop it, or set SANDBOX_API_PORT to another, such as ${port + 1}.`,
    );
  }
  return fail(
    'port',
    `The server cannot listen at ${host}:${port} (${error.code}).`,
    'Set SANDBOX_API_HOST and SANDBOX_API_PORT.',
  );
}

function tryListen(host, port) {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once('error', resolve);
    probe.listen({ host, port }, () => probe.close(() => resolve(undefined)));
  });
}

/** What a server that runs there says of itself; undefined where none does. */
function askHealth(host, port) {
  const reachable = host === '0.0.0.0' || host === '::' ? '127.0.0.1' : host;
  return new Promise((resolve) => {
    const request = get({ host: reachable, port, path: '/health', timeout: HEALTH_TIMEOUT_MS }, (response) => {
      let text = '';
      response.setEncoding('utf8').on('data', (chunk) => {
        if (text.length < HEALTH_CHARACTERS) text += chunk;
      });
      response.on('end', () => resolve(/"status":"(un)?healthy"/.test(text) ? JSON.parse(text) : undefined));
      response.on('error', () => resolve(undefined));
    });
    request.on('timeout', () => request.destroy());
    request.on('error', () => resolve(undefined));
  });
}

/** What the server says of itself where the settings say that it listens; undefined where none answers. */
async function healthOf(env) {
  const port = Number(env.SANDBOX_API_PORT || 8080);
  const isPort = Number.isInteger(port) && port > 0 && port < 65_536;
  return isPort ? await askHealth(env.SANDBOX_API_HOST || '0.0.0.0', port) : undefined;
}

function checkServer(health) {
  const what = 'server';
  if (!health) return [ok(what, 'None answers where the settings say.')];
  const mend = 'Its log says more; what is mended is gone from here a few seconds later.';
  const warnings = (health.warnings ?? []).map((sentence) => warn(what, sentence, mend));
  return warnings.length > 0 ? warnings : [ok(what, `It runs, version ${health.version}, and warns of nothing.`)];
}

async function checkDisks(folder, env, mode) {
  const what = 'disk limit';
  const mechanism = env.SANDBOX_DISK_MECHANISM || 'auto';
  if (env.SANDBOX_DISK_LIMIT === '0')
    return warn(what, 'Off: one sandbox can fill the disk.', 'Set SANDBOX_DISK_LIMIT, such as 5g.');
  if (hasVolumes(env, mode)) return ok(what, 'Each sandbox gets a volume of Incus, whose size that holds.');
  if (mechanism === 'measure')
    return ok(what, 'Measured, as SANDBOX_DISK_MECHANISM says: code that runs can write more.');
  if (env.SANDBOX_DISK_SERVICE) return await checkDiskService(what, env.SANDBOX_DISK_SERVICE);
  const reason = await whyNotMount(folder);
  if (reason === null)
    return ok(what, 'Each sandbox gets a disk of its own in an image file, whose size the kernel holds.');
  if (mechanism === 'loop') {
    const means = `SANDBOX_DISK_MECHANISM=loop is impossible here: ${reason}. The server will not start.`;
    return fail(what, means, 'Run the server as root on the machine itself, or set it to auto or measure.');
  }
  const means = `Only measured, because a disk image for each sandbox is impossible here: ${reason}.`;
  return warn(what, means, 'Run the server as root on the machine itself, where it can mount images.');
}

async function checkDiskService(what, socket) {
  const module = await compiled('disks/service-disk.js');
  if (!module) return ok(what, `Left to the disk service at ${socket}; after the first build it is asked.`);
  try {
    await new module.ServiceDisk(socket, 0).mounted();
    return ok(what, `Held by disk images, which the disk service at ${socket} mounts.`);
  } catch {
    const means = `SANDBOX_DISK_SERVICE is ${socket}, where no disk service answers. The server will not start.`;
    return fail(what, means, 'Start it (in Compose: sandbox-disks), or leave SANDBOX_DISK_SERVICE empty.');
  }
}

/** Tries it out with the server's own code; before the first build it only says who could not. */
async function whyNotMount(folder) {
  const module = await compiled('disks/mount-support.js');
  if (module) return await module.whyNotMount(folder);
  return process.getuid?.() === 0 ? null : 'the server does not run as root';
}
