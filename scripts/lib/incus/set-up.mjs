import { compiled } from '../compiled.mjs';
import { SANDBOX_IMAGE } from '../sandbox-image.mjs';
import { ensureIncus } from './daemon.mjs';
import { ensureIncusImage } from './image.mjs';
import { ensurePlace } from './place.mjs';
import { ensureServedImage } from './served-image.mjs';

/**
 * Makes sure that an Incus of this machine runs and has what sandboxes are made of: for containers the image that the Docker engine has
 * already; for virtual machines QEMU, and no image. An image of an image server that the settings name is loaded for either
 * once the server is built, which else does that itself.
 * @param {import('./client.mjs').Incus} incus
 * @param {{hasMachines: boolean}} wanted
 */
export async function setUpIncus(incus, { hasMachines }) {
  await ensureIncus(incus, { hasMachines });
  await ensurePlace(incus);
  if (!hasMachines) await ensureIncusImage(incus, SANDBOX_IMAGE);
  const servers = await compiled('engines/incus/image-servers.js');
  if (servers) await ensureServedImage(incus, { hasMachines, placeOf: servers.placeOf });
}
