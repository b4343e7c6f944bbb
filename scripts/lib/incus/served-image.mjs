import { stage } from '../stage.mjs';

/** How long an image of an image server may take, in milliseconds. */
const LOAD_MS = 600_000;

/**
 * Makes sure that Incus has an image like `images:debian/12/cloud`, where the settings name one of an image server, under that very name,
 * as the server itself does where it is not there yet.
 * @param {Pick<import('./client.mjs').Incus, 'image' | 'project' | 'findImage' | 'run'>} incus
 * @param {{hasMachines: boolean, placeOf: typeof import('../../../src/engines/incus/image-servers.ts').placeOf}} wanted the server's own reading of names
 */
export async function ensureServedImage(incus, { hasMachines, placeOf }) {
  const { image, project } = incus;
  if ((await incus.findImage(hasMachines)) || placeOf(image) === null) return;
  const kind = hasMachines ? ['--vm'] : [];
  const args = ['image', 'copy', image, 'local:', '--target-project', project, '--alias', image, '--quiet', ...kind];
  await stage(`Loading the image ${image}`, () => incus.run(args, { timeoutMs: LOAD_MS }));
}
