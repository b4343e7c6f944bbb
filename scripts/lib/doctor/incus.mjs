import { existsSync, readFileSync } from 'node:fs';
import { compiled } from '../compiled.mjs';
import { counted } from '../counted.mjs';
import { Incus } from '../incus/client.mjs';
import { checkFarIncus, notYet } from './far-incus.mjs';
import { fail, ok, warn } from './finding.mjs';

const SET_UP = 'sudo npm run incus';

/**
 * Incus and what it needs to hold sandboxes.
 * @param {NodeJS.ProcessEnv} env
 * @param {import('../mode.mjs').Mode} mode
 * @returns {Promise<import('./finding.mjs').Finding[]>}
 */
export async function checkIncus(env, mode) {
  const incus = new Incus(env);
  if (incus.isFar) return await checkFarIncus(env, mode);
  const { version, drivers, features, reason } = await incus.ask();
  const start = `Start it, or leave INCUS_REMOTE empty for that of ${SET_UP}.`;
  if (!version) return [fail('Incus', `It does not answer: ${reason}.`, incus.remote === 'local' ? SET_UP : start)];
  const isOfMachines = mode === 'incus-vm';
  return [
    ok('Incus', `Version ${version} answers.`),
    ...(isOfMachines ? checkMachines(drivers) : [checkIdmaps(features), checkRanges(), await checkGroups(incus)]),
    await checkPlace(incus),
    await checkImage(incus, isOfMachines),
  ];
}

/**
 * What Incus needs for virtual machines.
 * @param {string} drivers as Incus names those that it has found, with bars between them
 */
function checkMachines(drivers) {
  const findings = ['/dev/kvm', '/dev/vhost-vsock'].map((device) => {
    if (existsSync(device)) return ok(device, 'It is there for virtual machines.');
    const mend = `Take a machine whose kernel has it (modprobe ${device === '/dev/kvm' ? 'kvm' : 'vhost_vsock'}), or SANDBOX_MODE=incus.`;
    return fail(device, 'It is absent, so no virtual machine starts.', mend);
  });
  if (/\bqemu\b/.test(drivers)) return [...findings, ok('QEMU', 'Incus has found it.')];
  const means = 'Incus has not found it, so it makes no virtual machines.';
  return [...findings, fail('QEMU', means, 'Install the package incus in place of incus-base, and restart Incus.')];
}

/** @param {Record<string, string>} features */
function checkIdmaps(features) {
  if (features.idmapped_mounts === 'true') return ok('idmapped mounts', 'Files of sandboxes keep their users.');
  const means = 'The kernel maps no users of mounts, so sandboxes cannot use their folders: they do not start.';
  return fail('idmapped mounts', means, 'Use Linux 5.15 or newer, with the data folder on ext4, xfs or btrfs.');
}

function checkRanges() {
  const sizes = ['/etc/subuid', '/etc/subgid'].map((file) => {
    const line = /^root:\d+:(\d+)$/m.exec(readText(file));
    return Number(line?.[1] ?? 0);
  });
  const count = Math.floor(Math.min(...sizes) / 65_536);
  if (count >= 1_000) return ok('ranges of users', `There are enough for ${count} sandboxes with users of their own.`);
  const means = `/etc/subuid and /etc/subgid give root ranges for ${counted(count, 'sandbox', 'sandboxes')}.`;
  const mend = 'Put root:1000000:1000000000 into both, and restart Incus.';
  return count === 0 ? fail('ranges of users', means, mend) : warn('ranges of users', means, mend);
}

/**
 * What Incus warns that the kernel does not limit, by the server's own code.
 * @param {Incus} incus
 */
async function checkGroups(incus) {
  const module = await compiled('engines/incus/warnings.js');
  if (!module) return ok('cgroups', 'The server asks Incus for them; it is not built yet.');
  const warnings = await incus.find(module.WARNINGS_PATH);
  if (!warnings) return ok('cgroups', 'Incus does not tell this user what the kernel lacks.');
  const unlimited = module.toUnlimited(warnings);
  if (unlimited.length === 0) return ok('cgroups', 'The kernel limits memory, CPU and processes.');
  const means = `The kernel does not limit ${unlimited.join(' and ')}: one sandbox can stop this machine.`;
  return fail('cgroups', means, 'Boot with cgroup v2, or use a kernel with these controllers, and restart Incus.');
}

/** @param {Incus} incus */
async function checkPlace(incus) {
  const { project, pool } = incus;
  if (!(await incus.hasProject())) return fail('project of Incus', `There is no project ${project}.`, SET_UP);
  const found = await incus.find(`/1.0/storage-pools/${encodeURIComponent(pool)}`);
  if (!found) return fail('pool of Incus', `There is no storage pool ${pool}.`, SET_UP);
  const { driver } = found;
  if (driver === 'btrfs' || driver === 'zfs')
    return ok('pool of Incus', `${pool} (${driver}) makes sandboxes as snapshots.`);
  const means = `${pool} is of the kind ${driver}: each sandbox may take seconds and a copy of the image.`;
  return warn('pool of Incus', means, `Leave INCUS_POOL empty and run ${SET_UP}, which makes one of btrfs.`);
}

/**
 * @param {Incus} incus
 * @param {boolean} isOfMachines
 */
async function checkImage(incus, isOfMachines) {
  const { project, image } = incus;
  const found = await incus.findImage(isOfMachines);
  const machines = `Import one of virtual machines with python3 into the project ${project}, and name it in INCUS_SANDBOX_IMAGE (docs/incus.md).`;
  const mend = isOfMachines ? machines : SET_UP;
  const servers = await compiled('engines/incus/image-servers.js');
  if (!found && servers?.placeOf(image)) return ok('image of Incus', notYet(image));
  if (!found) return fail('image of Incus', `It has no image ${image}, so no sandbox can be made.`, mend);
  if ((found.type === 'virtual-machine') === isOfMachines) return ok('image of Incus', `It has ${image}.`);
  return fail('image of Incus', `${image} is an image for a ${found.type}, so no sandbox can be made.`, mend);
}

/** @param {string} file */
function readText(file) {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
