import { afterEach, beforeEach, expect, it } from 'vitest';
import { parseSettings } from '../../../src/config/config.ts';
import { chooseMode } from '../../../src/modes/choice.ts';
import { probesOf } from '../../../src/modes/engines.ts';
import { FakeIncus } from '../../support/incus-machines/fake-incus.ts';
import { CONTAINER_IMAGE, MACHINE_IMAGE, PROJECT } from '../../support/incus-machines/place.ts';

let incus: FakeIncus;

beforeEach(async () => {
  incus = await FakeIncus.start('none');
});

afterEach(() => incus.close());

/** What auto chooses where there is no Docker, and this is said of Incus. */
async function choose(variables: Readonly<Record<string, string>>) {
  const settings = parseSettings({
    ...{ SANDBOX_API_KEY: 'key-for-these-tests', INCUS_REMOTE: incus.socketPath, INCUS_PROJECT: PROJECT },
    ...variables,
  });
  const docker = async () => {
    throw new Error('No Docker here.');
  };
  return await chooseMode({ settings, note: null, probes: { ...probesOf(settings), docker } });
}

it.each([
  [{ INCUS_SANDBOX_IMAGE: CONTAINER_IMAGE }, 'incus'],
  [{ INCUS_SANDBOX_IMAGE: MACHINE_IMAGE, INCUS_SANDBOX_TYPE: 'vm' }, 'incus-vm'],
])('auto takes the Incus of the settings, which has the project and the image: %j', async (variables, mode) => {
  expect(await choose(variables)).toEqual({
    mode,
    reason: expect.stringContaining(`Incus 6.0.4 answers, and has ${variables.INCUS_SANDBOX_IMAGE}.`),
  });
});

it.each([
  ['image', {}, `no image clara-sandbox:latest in the project ${PROJECT}: npm run incus`],
  ['project', { INCUS_PROJECT: 'another' }, 'no project another'],
  ['socket', { INCUS_REMOTE: '/nowhere/unix.socket' }, 'No Incus is where the server looks for its socket'],
])('auto does not take an Incus without the %s of the settings, and says so', async (_, variables, sentence) => {
  await expect(choose(variables)).rejects.toThrow(new RegExp(`Incus: .*${sentence}`));
});

it('auto takes an Incus that is to load its image of an image server', async () => {
  const image = 'images:debian/12/cloud';
  const reason = expect.stringContaining(`Incus 6.0.4 answers, and loads ${image}.`);
  expect(await choose({ INCUS_SANDBOX_IMAGE: image })).toEqual({ mode: 'incus', reason });
});
