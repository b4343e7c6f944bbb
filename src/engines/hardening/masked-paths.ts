/** What engines hide by themselves, of all versions since 20.10: a list of our own takes the place of theirs. */
const HIDDEN_BY_ENGINES = [
  '/proc/acpi',
  '/proc/asound',
  '/proc/interrupts',
  '/proc/kcore',
  '/proc/keys',
  '/proc/latency_stats',
  '/proc/sched_debug',
  '/proc/scsi',
  '/proc/timer_list',
  '/proc/timer_stats',
  '/sys/devices/virtual/powercap',
  '/sys/firmware',
];

/** Devices, among them the loop devices of all sandboxes with the paths of their images, and what each reads and writes. */
const DISKS = [
  '/proc/diskstats',
  '/proc/mdstat',
  '/proc/partitions',
  '/proc/swaps',
  '/sys/block',
  '/sys/class/bdi',
  '/sys/class/block',
  '/sys/dev/block',
  '/sys/devices/virtual/bdi',
  '/sys/devices/virtual/block',
];

/** File systems by the names of their devices, and what was written to each. */
const FILE_SYSTEMS = [
  '/proc/fs',
  '/proc/spl',
  '/sys/fs/bcachefs',
  '/sys/fs/btrfs',
  '/sys/fs/ext4',
  '/sys/fs/f2fs',
  '/sys/fs/xfs',
];

/**
 * What the kernel counts for the whole machine and no program needs: who holds keys, how memory is cut, how often devices and CPUs
 * were interrupted, how many devices came and went. Who reads /proc/locks holds up all others that lock a file, and who may write to
 * /proc/pressure has the kernel watch the machine for them.
 */
const COUNTERS = [
  '/proc/buddyinfo',
  '/proc/key-users',
  '/proc/locks',
  '/proc/pressure',
  '/proc/schedstat',
  '/proc/softirqs',
  '/proc/zoneinfo',
  '/sys/kernel/irq',
  '/sys/kernel/slab',
  '/sys/kernel/uevent_seqnum',
];

/** Which machine this is. */
const IDENTITY = ['/sys/class/dmi', '/sys/devices/virtual/dmi', '/sys/hypervisor'];

/**
 * Files and folders of /proc and /sys that are empty in a sandbox; those that a kernel lacks are passed over. What is left of the
 * machine's counters is of all that runs on it together, and programs fail or complain without it: /proc/stat, meminfo, loadavg and
 * vmstat, and /sys/devices/system.
 */
export const MASKED_PATHS: readonly string[] = [
  ...HIDDEN_BY_ENGINES,
  ...DISKS,
  ...FILE_SYSTEMS,
  ...COUNTERS,
  ...IDENTITY,
];
