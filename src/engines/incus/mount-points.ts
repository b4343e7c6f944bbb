/**
 * Where the server binds something in every sandbox: with a read-only root the places must be in the image. npm run incus and
 * `prepared-images.ts` see to that; a test compares all three lists.
 */
export const MOUNT_POINTS = {
  folders: ['/workspace', '/home/user', '/packages', '/run/clara', '/run/clara-line', '/run/clara-certificates'],
  files: [
    '/etc/hosts',
    '/etc/profile.d/clara.sh',
    '/usr/local/bin/clara-connect',
    '/usr/lib/clara-sockets.cjs',
    '/etc/ssh/ssh_config.d/clara.conf',
  ],
} as const;

/** The same, where every usual image has something. */
export const USUAL_POINTS = { folders: ['/tmp', '/root', '/var/tmp'], files: ['/etc/passwd', '/etc/group'] } as const;

const KNOWN: ReadonlySet<string> = new Set(
  [MOUNT_POINTS, USUAL_POINTS].flatMap((one) => [...one.folders, ...one.files]),
);

/** Of the places where something is bound, those that an image may lack. */
export function otherMountPoints(targets: readonly string[]): readonly string[] {
  return targets.filter((target) => !KNOWN.has(target));
}
