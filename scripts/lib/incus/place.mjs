import { statfsSync } from 'node:fs';
import { Failure } from '../failure.mjs';
import { capture } from '../run.mjs';
import { print } from '../terminal.mjs';
import { incus, POOL, PROJECT, query } from './client.mjs';

/** What the images of sandboxes and the containers made of them may take; the file grows with what is in it. */
const POOL_BYTES = 32 * 2 ** 30;

const ROOM_BYTES = 4 * 2 ** 30;

/** Makes sure that this Incus has the project and the storage pool of sandboxes; what else is in it is left alone. */
export async function ensurePlace() {
  if (!(await hasNamed('projects', PROJECT))) {
    const features = ['images', 'profiles', 'storage.volumes'].flatMap((name) => ['-c', `features.${name}=true`]);
    await incus(['project', 'create', PROJECT, ...features]);
    print(`▸ Made the project ${PROJECT} of Incus.`);
  }
  if (await hasNamed('storage-pools', POOL)) return;
  const { environment } = await query('/1.0');
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
  await incus(['storage', 'create', POOL, 'btrfs', `size=${sizeGib}GiB`]);
  print(`▸ Made the storage pool ${POOL} of Incus (btrfs in a file of up to ${sizeGib} GiB).`);
}

/**
 * Removes what was made for sandboxes, images, project and pool, where nobody has a sandbox in it any more.
 * @returns {Promise<'absent' | 'used' | 'removed'>}
 */
export async function removePlace() {
  if ((await capture('incus', ['query', '/1.0'])).code !== 0) return 'absent';
  if (!(await hasNamed('projects', PROJECT))) return 'absent';
  if ((await query(`/1.0/instances?project=${PROJECT}`)).length > 0) return 'used';
  for (const url of await query(`/1.0/images?project=${PROJECT}`)) {
    await incus(['image', 'delete', '--project', PROJECT, lastOf(url)]);
  }
  await incus(['project', 'delete', PROJECT]);
  if (await hasNamed('storage-pools', POOL)) await incus(['storage', 'delete', POOL]);
  return 'removed';
}

/**
 * @param {string} kind
 * @param {string} name
 */
async function hasNamed(kind, name) {
  return (await query(`/1.0/${kind}`)).some((/** @type {string} */ url) => lastOf(url) === name);
}

/** @param {string} url */
function lastOf(url) {
  return url.split('?')[0]?.split('/').at(-1) ?? '';
}
