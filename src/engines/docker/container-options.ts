import type { ContainerCreateOptions, MountSettings } from 'dockerode';
import type { EngineLimits, EngineSpec, EngineTmpfs } from '../engine.ts';
import { pathOfMount } from '../engine-volumes.ts';
import { FIRST_PROCESS } from '../hardening/first-process.ts';
import { CORE_BYTES, KERNEL_LIMITS, OPEN_FILES, SYSTEM_V_LIMITS, TMPFS_BYTES_PER_FILE } from '../hardening/limits.ts';
import { MASKED_PATHS } from '../hardening/masked-paths.ts';
import { toSeccompProfile } from './seccomp.ts';
import { toTerminals } from './terminals.ts';
import type { UserMapping } from './users.ts';

const SHM_BYTES = 64 * 1024 * 1024;
/** What the engine is and may. */
export interface ContainerHost {
  /** Docker refuses more CPUs than the host has. */
  readonly cpus: number;
  /** How users are mapped. Where they are, kernels before 5.19 let nobody set what System V may take, and the container would not start. */
  readonly users: UserMapping['mode'];
  /** Version of the control groups. */
  readonly cgroups: 1 | 2;
  readonly limitsTerminals: boolean;
}

/** Docker's form of a spec, with all hardening on. */
export function toContainerOptions(spec: EngineSpec, host: ContainerHost): ContainerCreateOptions {
  const user = `${spec.user.uid}:${spec.user.gid}`;
  return {
    Image: spec.image,
    // Both are named, so that nothing of the image's own command or entrypoint is left.
    Entrypoint: [...FIRST_PROCESS],
    Cmd: [],
    User: user,
    Hostname: 'sandbox',
    WorkingDir: spec.workdir,
    Env: Object.entries(spec.env).map(([name, value]) => `${name}=${value}`),
    Labels: { ...spec.labels },
    // The first process hears no other.
    StopSignal: 'SIGKILL',
    Healthcheck: { Test: ['NONE'] },
    HostConfig: {
      CapDrop: ['ALL'],
      ...(spec.groups?.length ? { GroupAdd: spec.groups.map(String) } : {}),
      SecurityOpt: ['no-new-privileges', ...(spec.seccomp === 'strict' ? [`seccomp=${toSeccompProfile()}`] : [])],
      Privileged: false,
      MaskedPaths: [...MASKED_PATHS],
      ReadonlyRootfs: true,
      IpcMode: 'private',
      ShmSize: SHM_BYTES,
      ...toLimits(spec, host.cpus),
      PidsLimit: spec.pidsLimit,
      ...(spec.gpus === undefined ? {} : { DeviceRequests: [toDeviceRequest(spec.gpus)] }),
      Ulimits: toUlimits(host),
      ...(host.users === 'same' ? { Sysctls: { ...SYSTEM_V_LIMITS } } : {}),
      // An engine may be set to show the whole machine's. Those of version 1 are shown as far as they are the sandbox's.
      ...(host.cgroups === 2 ? { CgroupnsMode: 'private' } : {}),
      Tmpfs: Object.fromEntries(spec.tmpfs.map((mount) => [mount.path, tmpfsOptions(mount, spec.user)])),
      Mounts: [...spec.mounts.map(toBind), ...(host.limitsTerminals ? toTerminals(spec) : [])],
      NetworkMode: spec.network.mode === 'none' ? 'none' : spec.network.name,
      ...(spec.network.mode === 'bridge' ? { Dns: [...spec.network.nameservers] } : {}),
      // A log driver would write the whole stream of the agent to disk.
      LogConfig: { Type: 'none', Config: {} },
      RestartPolicy: { Name: 'no' },
      AutoRemove: false,
      Runtime: spec.runtime,
    },
  };
}

function toBind({ source, target, isReadOnly }: EngineSpec['mounts'][number]): MountSettings {
  return {
    Type: 'bind',
    Source: pathOfMount(source),
    Target: target,
    ReadOnly: isReadOnly ?? false,
    BindOptions: { Propagation: 'rprivate' },
  };
}

/** As `docker run --gpus` has it: all, N of them, or those of these ids. */
function toDeviceRequest(gpus: string) {
  const which =
    gpus === 'all' ? { Count: -1 } : /^\d{1,2}$/.test(gpus) ? { Count: Number(gpus) } : { DeviceIDs: gpus.split(',') };
  return { Driver: '', Capabilities: [['gpu']], ...which };
}

/** What holds memory and CPU, on a machine with N CPUs. */
export function toLimits({ memoryBytes, cpus }: EngineLimits, hostCpus: number) {
  return {
    Memory: memoryBytes,
    // Memory and swap together: equal to the memory means no swap.
    MemorySwap: memoryBytes,
    NanoCpus: Math.round(Math.min(cpus, hostCpus) * 1e9),
  };
}

/** The same with nothing but an empty folder, which nobody can write, in the places of an image's volumes. */
export function closeVolumes(options: ContainerCreateOptions, paths: readonly string[]): ContainerCreateOptions {
  const { HostConfig } = options;
  const closed = Object.fromEntries(paths.map((path) => [path, 'ro,size=4096,nr_inodes=1']));
  return { ...options, HostConfig: { ...HostConfig, Tmpfs: { ...HostConfig?.Tmpfs, ...closed } } };
}

/** A rootless engine may raise none of its own limits, and a container whose limits it cannot set does not start. */
function toUlimits({ users }: ContainerHost) {
  const limits = users === 'rootless' ? { core: 0 } : { core: CORE_BYTES, ...KERNEL_LIMITS };
  return Object.entries({ nofile: OPEN_FILES, ...limits }).map(([Name, value]) => ({ Name, Soft: value, Hard: value }));
}

/** `exec` is said because Docker's own default for a tmpfs is noexec. */
function tmpfsOptions({ sizeBytes, mode }: EngineTmpfs, { uid, gid }: EngineSpec['user']): string {
  const files = Math.max(1, Math.floor(sizeBytes / TMPFS_BYTES_PER_FILE));
  return `rw,exec,nosuid,nodev,size=${sizeBytes},nr_inodes=${files},mode=${mode.toString(8)},uid=${uid},gid=${gid}`;
}
