import { describe, expect, it } from 'vitest';
import { type ContainerHost, toContainerOptions } from '../../../../src/engines/docker/container-options.ts';
import { specFor } from '../../../contract/spec-for.ts';

const host = (changes: Partial<ContainerHost> = {}): ContainerHost => ({
  cpus: 4,
  users: 'same',
  cgroups: 1,
  limitsTerminals: true,
  ...changes,
});

const hostConfig = (changes: Partial<ContainerHost> = {}, runtime = 'runc') =>
  toContainerOptions(specFor('image:latest', { mine: 'yes' }, { runtime }), host(changes)).HostConfig ?? {};

describe('what a container of a sandbox sees of the machine', () => {
  it('is less than what engines hide by themselves, whose list ours replaces', () => {
    const { MaskedPaths: masked } = hostConfig();
    expect(masked).toEqual(expect.arrayContaining(['/proc/kcore', '/proc/keys', '/proc/timer_list', '/sys/firmware']));
    expect(new Set(masked).size).toBe(masked?.length);
  });

  it('is a namespace of control groups of its own, where the engine may be set to show all', () => {
    expect(hostConfig({ cgroups: 2 })).toMatchObject({ CgroupnsMode: 'private' });
    expect(hostConfig({ cgroups: 1 })).not.toHaveProperty('CgroupnsMode');
  });
});

describe('the limits of a container', () => {
  const limitsOf = (changes: Partial<ContainerHost>) =>
    Object.fromEntries((hostConfig(changes).Ulimits ?? []).map(({ Name, Soft, Hard }) => [Name, [Soft, Hard]]));

  it('leave dumps a single byte, at which no kernel starts a program for them, and nothing for priorities', () => {
    expect(limitsOf({})).toMatchObject({ core: [1, 1], nice: [0, 0], rtprio: [0, 0], nofile: [16_384, 16_384] });
  });

  it('are none on a rootless engine that it might not be allowed to set', () => {
    expect(limitsOf({ users: 'rootless' })).toEqual({ core: [0, 0], nofile: [16_384, 16_384] });
  });

  it('hold back System V where the kernel lets them', () => {
    expect(hostConfig({}).Sysctls).toMatchObject({ 'kernel.shm_rmid_forced': '1' });
    expect(hostConfig({ users: 'remapped' }).Sysctls).toBeUndefined();
  });
});

describe('the terminals of a container', () => {
  const mountOf = (...which: Parameters<typeof hostConfig>) =>
    hostConfig(...which).Mounts?.find(({ Target }) => Target === '/dev/pts');

  it('are an instance of devpts that the engine makes with a limit, as a volume that goes with its container', () => {
    expect(mountOf()).toMatchObject({ Type: 'volume', Source: '', VolumeOptions: { Labels: { mine: 'yes' } } });
    expect(mountOf()?.VolumeOptions?.DriverConfig).toEqual({
      Name: 'local',
      Options: {
        type: 'devpts',
        device: 'devpts',
        o: 'newinstance,nosuid,noexec,mode=0620,ptmxmode=0666,gid=5,max=1024',
      },
    });
  });

  it.each([
    ['on gVisor, whose kernel has its own', {}, 'runsc'],
    ['where the engine can give no such volume', { limitsTerminals: false }, 'runc'],
  ] as const)('are those of the runtime %s', (_, changes, runtime) => {
    expect(mountOf(changes, runtime)).toBeUndefined();
  });
});
