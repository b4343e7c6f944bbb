import { expect, it } from 'vitest';
import { MOUNT_POINTS as OF_ENGINE } from '../../../../src/engines/incus/mount-points.ts';
import { HOME, PACKAGES, WORKSPACE } from '../../../../src/sandboxes/spec/folders.ts';
import { SOCKET_FOLDER, temporaryFolders } from '../../../../src/sandboxes/spec/layout.ts';
import { CERTIFICATE_FOLDER } from '../../../../src/sandboxes/spec/secret-environment.ts';
import { SHARED_FILES } from '../../../../src/sandboxes/storage/shared-files.ts';

const MODULE = new URL('../../../../scripts/lib/incus/image.mjs', import.meta.url).href;

/** In every image, or made by LXC. */
const EVERYWHERE = ['/tmp', '/dev/shm', '/root', '/var/tmp'];

it('the image for Incus has every place where the server binds something', async () => {
  const { MOUNT_POINTS } = await import(MODULE);
  const temporary = temporaryFolders(2 ** 20, 2 ** 30).map(({ path }) => path);
  const folders = [WORKSPACE, HOME, PACKAGES, SOCKET_FOLDER, CERTIFICATE_FOLDER, ...temporary];
  expect([...MOUNT_POINTS.folders].sort()).toEqual(folders.filter((path) => !EVERYWHERE.includes(path)).sort());
  expect([...MOUNT_POINTS.files].sort()).toEqual(SHARED_FILES.map(({ target }) => target).sort());
  expect(OF_ENGINE).toEqual(MOUNT_POINTS);
});
