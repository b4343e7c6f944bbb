import { stage } from '../stage.mjs';

/** How long an image of an image server may take, in milliseconds. */
const LOAD_MS = 600_000;

/**
 * Makes sure that Incus has an image like `images:debian/12/cloud`, where the settings name one of a server that its command knows, under
 * that very name, as the server itself does where it is not there yet.
 * @param {Pick<import('./client.mjs').Incus, 'image' | 'project' | 'findImage' | 'run'>} incus
 * @param {{hasMachines: boolean}} wanted
 */
export async function ensureServedImage(incus, { hasMachines }) {
  const { image, project } = incus;
  const [, remote] = /^([^:/]+):./.exec(image) ?? [];
  if (remote === undefined || (await incus.findImage(hasMachines))) return;
  const remotes = (await incus.run(['remote', 'list', '--format', 'csv'])).split('\n');
  if (!remotes.some((line) => line.startsWith(`${remote},`))) return;
  const kind = hasMachines ? ['--vm'] : [];
  const args = ['image', 'copy', image, 'local:', '--target-project', project, '--alias', image, '--quiet', ...kind];
  await stage(`Loading the image ${image}`, () => incus.run(args, { timeoutMs: LOAD_MS }));
}
