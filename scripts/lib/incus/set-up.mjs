import { SANDBOX_IMAGE } from '../sandbox-image.mjs';
import { ensureIncus } from './daemon.mjs';
import { ensureIncusImage } from './image.mjs';
import { ensurePlace } from './place.mjs';

/** Makes sure that an Incus of this machine runs and has what sandboxes are made of; the Docker engine has the image already. */
export async function setUpIncus() {
  await ensureIncus();
  await ensurePlace();
  await ensureIncusImage(SANDBOX_IMAGE);
}
