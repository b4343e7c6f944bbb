import { statfsSync } from 'node:fs';
import { Failure } from '../failure.mjs';
import { print } from '../terminal.mjs';
import { POOL, PROJECT } from './client.mjs';

/** What the images of sandboxes and the containers made of them may take; the file grows with what is in it. */
const POOL_BYTES = 32 * 2 ** 30;

const ROOM_BYTES = 4 * 2 ** 30;

/**
 * Makes sure that this Incus has the project and the storage pool of sandboxes; what else is in it is left alone.
 * @param {import('./client.mjs').Incus} incus
 */
export async function ensurePlace(incus) {
  const { project, pool } = incus;
  if (!(await hasNamed(incus, 'projects', project))) {
    const features = ['images', 'profiles', 'storage.volumes'].flatMap((name) => ['-c', `features.${name}=true`]);
    await incus.run(['project', 'create', project, ...features]);
    print(`▸ Made the project ${project} of Incus.`);
  }
  if (await hasNamed(incus, 'storage-pools', pool)) return;
  const { environment } = await incus.query('/1.0');
  const drivers = (environment.storage_supported_drivers ?? []).map(
    (/** @type {{Name: string, name: string}} */ one) => one.name ?? one.Name,
  );
  if (!drivers.includes('btrfs')) {
    throw new Failure(
      `Incus can use no btrfs here (only ${drivers.join(', ')}), and with a plain folder each sandbox would take ten seconds ` +
        'and a copy of the image. Install btrfs-progs and a kernel with btrfs, then run the same command again.',
    );
  }
  const { bavail, bsize } = statfsSync('/var/lib');
  if (bavail * bsize < ROOM_BYTES)
    throw new Failure('There is less than 4 GiB of room below /var/lib for the pool of Incus.');
  const sizeGib = Math.floor(Math.min(POOL_BYTES, bavail * bsize) / 2 ** 30);
  await incus.run(['storage', 'create', pool, 'btrfs', `size=${sizeGib}GiB`]);
  print(`▸ Made the storage pool ${pool} of Incus (btrfs in a file of up to ${sizeGib} GiB).`);
}

/**
 * Removes what was made for sandboxes, images, project and pool, where nobody has a sandbox in it any more. A project and a pool that
 * the settings name may hold more.
 * @param {import('./client.mjs').Incus} incus
 * @returns {Promise<'absent' | 'used' | 'named' | 'removed'>}
 */
export async function removePlace(incus) {
  const { project, pool, isFar } = incus;
  if (isFar || !(await incus.ask()).version) return 'absent';
  if (!(await hasNamed(incus, 'projects', project))) return 'absent';
  if (project !== PROJECT) return 'named';
  if ((await incus.query(`/1.0/instances?project=${project}`)).length > 0) return 'used';
  for (const url of await incus.query(`/1.0/images?project=${project}`)) {
    await incus.run(['image', 'delete', '--project', project, lastOf(url)]);
  }
  await incus.run(['project', 'delete', project]);
  if (pool === POOL && (await hasNamed(incus, 'storage-pools', pool))) await incus.run(['storage', 'delete', pool]);
  return 'removed';
}

/**
 * @param {import('./client.mjs').Incus} incus
 * @param {string} kind
 * @param {string} name
 */
async function hasNamed(incus, kind, name) {
  return (await incus.query(`/1.0/${kind}`)).some((/** @type {string} */ url) => lastOf(url) === name);
}

/** @param {string} url */
function lastOf(url) {
  return url.split('?')[0]?.split('/').at(-1) ?? '';
}
