import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { installWithApt, isRootWithApt } from './apt.mjs';
import { readDistributionSources } from './apt-sources.mjs';
import { findImage, pullImage } from './docker.mjs';
import { Failure } from './failure.mjs';
import { capture, runLogged } from './run.mjs';
import { stage } from './stage.mjs';
import { print } from './terminal.mjs';

// The tag of a base that is made here is the distribution's release.
const LOCAL_BASE_REPOSITORY = 'clara-sandbox-base';

const DEBOOTSTRAP_TIMEOUT_MS = 600_000;
const INCLUDED_PACKAGES = ['ca-certificates', 'python3', 'python3-pip', 'python3-venv'];
const HOST_CERTIFICATES = '/usr/local/share/ca-certificates';

/**
 * An image to build on: the wanted one where the engine has it or can pull it, else one made here
 * from this machine's own distribution, which later runs use again.
 * @param {string} wanted
 * @param {{isDefault: boolean}} options a wanted image that is only the default is not asked for again
 *   where a base was made here before
 * @returns {Promise<string>} the reference of an image that the engine has
 */
export async function ensureBaseImage(wanted, { isDefault }) {
  if (await findImage(wanted)) return wanted;
  const { id, codename } = readRelease();
  const local = `${LOCAL_BASE_REPOSITORY}:${codename}`;
  const hasLocal = (await findImage(local)) !== undefined;
  if (isDefault && hasLocal) return local;
  if (await hasPulled(wanted)) return wanted;
  if (hasLocal) {
    print(`  ${wanted} cannot be pulled: ${local}, made here before, is used.`);
    return local;
  }
  print(`  ${wanted} cannot be pulled: a base image is made from this machine's own distribution.`);
  await stage(`Making ${local} with debootstrap (${id} ${codename})`, () => makeLocalBase(local, codename));
  return local;
}

/** @param {string} wanted */
async function hasPulled(wanted) {
  return stage(`Pulling ${wanted}`, () => pullImage(wanted));
}

/**
 * @param {string} tag
 * @param {string} codename
 */
async function makeLocalBase(tag, codename) {
  const sources = readDistributionSources(codename);
  const release = sources.find((source) => source.suite === codename);
  if (!release) {
    throw new Failure(
      `The base image can neither be pulled nor made: apt on this machine has no source for "${codename}" itself. ` +
        'Set SANDBOX_BASE_IMAGE to an image that the engine has, with python3 from apt in it.',
    );
  }
  if (!isRootWithApt()) {
    throw new Failure(
      'The base image cannot be pulled, and making one with debootstrap needs root on a machine with apt. ' +
        'Run `sudo npm run image` once, or set SANDBOX_BASE_IMAGE to an image that the engine has.',
    );
  }
  if ((await capture('debootstrap', ['--version'])).code !== 0) await installWithApt(['debootstrap']);

  // Where /tmp is memory no devices can be made in it, which debootstrap refuses.
  const folder = mkdtempSync('/var/tmp/clara-sandbox-base-');
  try {
    const args = [
      '--variant=minbase',
      `--include=${INCLUDED_PACKAGES.join(',')}`,
      `--components=${release.components.join(',')}`,
      codename,
      folder,
      release.uri,
    ];
    await runLogged(`make a ${codename} file system`, 'debootstrap', args, { timeoutMs: DEBOOTSTRAP_TIMEOUT_MS });
    const lines = sources.map(({ uri, suite, components }) => `deb ${uri} ${suite} ${components.join(' ')}\n`);
    writeFileSync(join(folder, 'etc/apt/sources.list'), lines.join(''));
    await finishFileSystem(folder);
    await importFolder(folder, tag);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Takes in the updates and the machine's own certificate authorities, and drops what an image does not need.
 * @param {string} folder
 */
async function finishFileSystem(folder) {
  if (existsSync(HOST_CERTIFICATES)) {
    cpSync(HOST_CERTIFICATES, join(folder, HOST_CERTIFICATES), { recursive: true, dereference: true });
  }
  const commands = [
    'export DEBIAN_FRONTEND=noninteractive',
    'update-ca-certificates',
    'apt-get update',
    'apt-get -y dist-upgrade',
    'apt-get clean',
    'rm -rf /var/lib/apt/lists/* /var/log/*.log /var/log/apt /etc/resolv.conf /etc/hostname',
  ];
  await runLogged('finish the base image', 'chroot', [folder, 'sh', '-c', commands.join(' && ')], {
    timeoutMs: DEBOOTSTRAP_TIMEOUT_MS,
    env: { ...process.env, PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' },
  });
}

/**
 * @param {string} folder
 * @param {string} tag
 */
async function importFolder(folder, tag) {
  const tar = spawn('tar', ['--numeric-owner', '--one-file-system', '-C', folder, '-c', '.'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  const tarEnd = new Promise((resolve, reject) => tar.once('close', resolve).once('error', reject));
  const args = ['import', '--change', 'CMD ["python3"]', '--change', 'ENV LANG=C.UTF-8', '-', tag];
  await runLogged(`import the base image ${tag}`, 'docker', args, { stdin: tar.stdout });
  if ((await tarEnd) !== 0) {
    await capture('docker', ['image', 'rm', tag]);
    throw new Failure(`Could not pack the base image ${tag}: tar failed in ${folder}.`);
  }
}

/** @returns {{id: string, codename: string}} the distribution of this machine */
function readRelease() {
  const text = existsSync('/etc/os-release') ? readFileSync('/etc/os-release', 'utf8') : '';
  const field = (/** @type {string} */ name) => new RegExp(`^${name}="?([\\w.-]+)`, 'm').exec(text)?.[1];
  return { id: field('ID') ?? 'linux', codename: field('VERSION_CODENAME') ?? 'local' };
}
