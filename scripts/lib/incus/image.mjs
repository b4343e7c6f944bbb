import { createHash } from 'node:crypto';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { ensureInstalled } from '../apt.mjs';
import { findImage } from '../docker.mjs';
import { Failure } from '../failure.mjs';
import { capture, runLogged } from '../run.mjs';
import { stage } from '../stage.mjs';

const EXPORT_MS = 900_000;

/** Raise it when what is added to an image changes. */
const FORM = 1;

/** Where the server binds something in a sandbox: with a read-only root the places must be there. A test compares them with the server's. */
export const MOUNT_POINTS = {
  folders: ['/workspace', '/home/user', '/packages', '/run/clara', '/run/clara-line', '/run/clara-certificates'],
  files: [
    '/etc/hosts',
    '/etc/profile.d/clara.sh',
    '/usr/local/bin/clara-connect',
    '/usr/lib/clara-sockets.cjs',
    '/etc/ssh/ssh_config.d/clara.conf',
  ],
};

/**
 * Makes sure that Incus has an image of the Docker engine under the same name, with what it lacks to be a sandbox; no image server
 * is asked.
 * @param {import('./client.mjs').Incus} incus
 * @param {string} name
 */
export async function ensureIncusImage(incus, name) {
  const docker = await findImage(name);
  if (!docker) throw new Failure(`The Docker engine has no image ${name}: build it first with npm run image.`);
  const source = createHash('sha256').update(`${FORM} ${docker.id}`).digest('hex');
  if ((await sourceOf(incus, name)) === source) return;
  await ensureInstalled({
    isThere: (await capture('tar2sqfs', ['--version'])).code === 0,
    missing: 'tar2sqfs is not installed: apt-get install squashfs-tools-ng, then run the same command again.',
    packages: ['squashfs-tools-ng'],
  });
  await stage(`Giving Incus the image ${name} (a minute or two)`, () => importImage(incus, name, source));
}

/**
 * @param {import('./client.mjs').Incus} incus
 * @param {string} name
 */
async function sourceOf(incus, name) {
  const { project } = incus;
  const alias = await incus.find(`/1.0/images/aliases/${encodeURIComponent(name)}?project=${project}`);
  if (!alias) return undefined;
  const image = await incus.query(`/1.0/images/${alias.target}?project=${project}`);
  return image.properties?.['clara.source'];
}

/**
 * @param {import('./client.mjs').Incus} incus
 * @param {string} name
 * @param {string} source
 */
async function importImage(incus, name, source) {
  const folder = mkdtempSync('/var/tmp/clara-sandbox-incus-');
  const container = (await docker(['create', '--network', 'none', name])).trim();
  try {
    const [root, meta] = [join(folder, 'root.squashfs'), join(folder, 'meta.tar')];
    writeMountPoints(join(folder, 'skeleton'));
    await docker(['cp', `${join(folder, 'skeleton')}/.`, `${container}:/`]);
    const pipe = `set -o pipefail; docker export ${container} | tar2sqfs -q -f -c zstd -X level=3 ${root}`;
    await runLogged('export the image', 'bash', ['-c', pipe], { timeoutMs: EXPORT_MS });
    writeFileSync(join(folder, 'metadata.yaml'), await metadataOf(name, source));
    await runLogged('pack the metadata', 'tar', ['-C', folder, '-cf', meta, 'metadata.yaml']);
    await incus.run(['image', 'import', meta, root, '--project', incus.project, '--alias', name, '--reuse'], {
      timeoutMs: EXPORT_MS,
    });
    await unpack(incus, name);
  } finally {
    await docker(['rm', '--force', container]);
    rmSync(folder, { recursive: true, force: true });
  }
}

/**
 * Incus unpacks an image when the first container is made of it, and the first sandbox would wait for that.
 * @param {import('./client.mjs').Incus} incus
 * @param {string} name
 */
async function unpack(incus, name) {
  const { project, pool } = incus;
  const first = `clara-unpack-${process.pid}`;
  const place = ['--project', project, '--no-profiles', '--storage', pool];
  await incus.run(['create', `local:${name}`, first, ...place], { timeoutMs: EXPORT_MS });
  await incus.run(['delete', '--project', project, first]);
}

/**
 * Docker keeps the environment apart from the files; Incus has properties for that.
 * @param {string} name
 * @param {string} source
 */
async function metadataOf(name, source) {
  const config = JSON.parse(await docker(['image', 'inspect', '--format', '{{json .Config.Env}}', name])) ?? [];
  const environment = Object.fromEntries(config.map((/** @type {string} */ entry) => entry.split(/=(.*)/s, 2)));
  const properties = {
    description: 'Sandboxes of Clara Sandbox',
    'clara.source': source,
    'clara.environment': JSON.stringify(environment),
  };
  const architecture = process.arch === 'arm64' ? 'aarch64' : 'x86_64';
  // JSON is YAML.
  return JSON.stringify({ architecture, creation_date: Math.floor(Date.now() / 1000), properties });
}

/** @param {string} folder */
function writeMountPoints(folder) {
  for (const path of MOUNT_POINTS.folders) mkdirSync(join(folder, path), { recursive: true, mode: 0o755 });
  for (const path of MOUNT_POINTS.files) {
    mkdirSync(dirname(join(folder, path)), { recursive: true, mode: 0o755 });
    writeFileSync(join(folder, path), '', { mode: 0o644 });
  }
}

/** @param {string[]} args */
async function docker(args) {
  const { code, stdout, stderr } = await capture('docker', args, { timeoutMs: EXPORT_MS });
  if (code !== 0) throw new Failure(`docker ${args[0]} failed: ${stderr.trim()}`);
  return stdout;
}
