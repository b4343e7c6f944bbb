import { SANDBOX_IMAGE } from '../sandbox-image.mjs';
import { ensureIncus } from './daemon.mjs';
import { ensureIncusImage } from './image.mjs';
import { ensurePlace } from './place.mjs';

/**
 * Makes sure that an Incus of this machine runs and has what sandboxes are made of: for containers the image that the Docker engine has
 * already; for virtual machines QEMU, and no image.
 * @param {{hasMachines: boolean}} wanted
 */
export async function setUpIncus({ hasMachines }) {
  await ensureIncus({ hasMachines });
  await ensurePlace();
  if (!hasMachines) await ensureIncusImage(SANDBOX_IMAGE);
}
