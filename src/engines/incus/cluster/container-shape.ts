import { toProgram } from '../exec.ts';
import { CONTAINER_FILTERS } from '../facts.ts';
import { ImageGrounds } from '../image-grounds.ts';
import { toReader } from '../images.ts';
import { toInstanceBody, toLimits } from '../instance-body.ts';
import { startSandbox } from '../lifecycle.ts';
import { makeOtherPlaces } from '../other-places.ts';
import { INCUS_TRAITS } from '../traits.ts';
import { InnerCounters, OWN_GROUP } from './inner-counters.ts';
import type { InstanceShape } from './shape.ts';
import { startCommand, volumeDevices } from './start-script.ts';

/** Sandboxes as containers of members, which have no folder of this machine. */
export const CONTAINERS: InstanceShape = {
  traits: { ...INCUS_TRAITS, sharesHostFiles: false },
  imageType: 'container',
  mapsUsers: true,
  seccomp: CONTAINER_FILTERS,
  grounds: (preparing) => new ImageGrounds(preparing),
  bodyOf: (id, spec, { volumes, files, ...ground }) => {
    const body = toInstanceBody(id, { ...spec, mounts: [] }, ground);
    const command = startCommand(volumes, files, spec.user);
    const devices = volumeDevices(ground.pool, volumes);
    const config = { ...body.config, 'raw.lxc': `${body.config['raw.lxc']}lxc.hook.mount = ${command}\n` };
    return { ...body, config, devices: { ...body.devices, ...devices } };
  },
  makePlaces: makeOtherPlaces,
  toLimits,
  counters: (callsOf) => new InnerCounters(callsOf, OWN_GROUP),
  start: startSandbox,
  toProgram,
  toReader,
  openReader: async () => undefined,
};
