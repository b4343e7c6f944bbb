import { expect, it } from 'vitest';
import { ensureServedImage } from '../../../scripts/lib/incus/served-image.mjs';

/** What of images npm run incus has the command of Incus do. */
async function asked(image: string, { hasMachines = false, isThere = false } = {}): Promise<string[]> {
  const commands: string[] = [];
  const incus = {
    image,
    project: 'p',
    findImage: async () => (isThere ? { type: 'container' } : undefined),
    run: async (args: string[]) => {
      commands.push(args.join(' '));
      return '';
    },
  };
  const placeOf = (name: string) => (name.startsWith('images:') ? { server: 'https://images.test', alias: 'a' } : null);
  await ensureServedImage(incus, { hasMachines, placeOf });
  return commands;
}

const COPY = 'image copy images:debian/12/cloud local: --target-project p --alias images:debian/12/cloud --quiet';

it('an image of an image server is loaded under its name, of the kind that is needed, where it is not there', async () => {
  expect(await asked('images:debian/12/cloud')).toEqual([COPY]);
  expect(await asked('images:debian/12/cloud', { hasMachines: true })).toEqual([`${COPY} --vm`]);
  expect(await asked('images:debian/12/cloud', { isThere: true })).toEqual([]);
});

it.each(['clara-sandbox:latest', 'mine', 'office:mine'])('%s is of no image server', async (image) => {
  expect(await asked(image)).toEqual([]);
});
