import type { EngineSpec, EngineTmpfs } from '../engine.ts';
import { SYSTEM_V_LIMITS, TMPFS_BYTES_PER_FILE } from '../hardening/limits.ts';
import { MASKED_PATHS } from '../hardening/masked-paths.ts';
import { toFirstProcess } from './first-process.ts';

/** Masked paths that are files; the others are folders. */
const MASKED_FILES = /^\/proc\/(?!acpi$|asound$|scsi$|fs$|spl$|pressure$)|^\/sys\/kernel\/uevent_seqnum$/;

/**
 * What Incus has no key for, in LXC's own words: the first process and its user, no capabilities, no new privileges, bounded
 * temporary folders, what is hidden of the machine, and the loopback, which without a network card nothing else brings up.
 * https://linuxcontainers.org/lxc/manpages/man5/lxc.container.conf.5.html
 */
export function toRawLxc(spec: Pick<EngineSpec, 'user' | 'groups' | 'tmpfs'>, hasOwnInit: boolean): string {
  const { user, tmpfs } = spec;
  const lines = [
    'lxc.no_new_privs = 1',
    // An empty value first: LXC's own list of capabilities to drop and one of those to keep exclude each other.
    'lxc.cap.drop =',
    ...toFirstProcess(spec, hasOwnInit),
    'lxc.signal.halt = SIGKILL',
    'lxc.uts.name = sandbox',
    'lxc.hook.mount = /sbin/ip link set lo up',
    ...Object.entries(SYSTEM_V_LIMITS).map(([name, value]) => `lxc.sysctl.${name} = ${value}`),
    ...tmpfs.map((mount) => toTmpfsEntry(mount, user)),
    ...MASKED_PATHS.map(toMaskEntry),
  ];
  return `${lines.join('\n')}\n`;
}

function toTmpfsEntry({ path, sizeBytes, mode }: EngineTmpfs, { uid, gid }: EngineSpec['user']): string {
  const files = Math.max(1, Math.floor(sizeBytes / TMPFS_BYTES_PER_FILE));
  const options = `rw,nosuid,nodev,size=${sizeBytes},nr_inodes=${files},mode=${mode.toString(8)},uid=${uid},gid=${gid}`;
  return `lxc.mount.entry = tmpfs ${path.slice(1)} tmpfs ${options},create=dir 0 0`;
}

/** What the kernel lacks is passed over. */
function toMaskEntry(path: string): string {
  const target = path.slice(1);
  return MASKED_FILES.test(path)
    ? `lxc.mount.entry = /dev/null ${target} none bind,optional 0 0`
    : `lxc.mount.entry = tmpfs ${target} tmpfs ro,nosuid,nodev,noexec,size=4096,nr_inodes=1,optional 0 0`;
}
