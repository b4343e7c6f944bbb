/** Keys of an instance's configuration that this project sets; Incus keeps what begins with "user." for whom it belongs to. */
export const KEY = {
  /** The name that the server calls it by; the instance's own can never change while it runs. */
  name: 'user.clara.name',
  /** The image, as it was asked for. */
  image: 'user.clara.image',
  /** The user whose programs run in it, as `uid:gid`. */
  user: 'user.clara.user',
  /** Groups that the user is in besides, with commas; absent where there are none. */
  groups: 'user.clara.groups',
  /** What a virtual machine runs at each start. */
  setup: 'user.clara.setup',
  /** Where programs begin. */
  workdir: 'user.clara.workdir',
} as const;

const LABEL_PREFIX = 'user.clara.label.';

/** The key that holds a label. */
export function labelKey(label: string): string {
  return `${LABEL_PREFIX}${label}`;
}

/** The labels in a configuration. */
export function labelsOf(config: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(config).flatMap(([key, value]) =>
      key.startsWith(LABEL_PREFIX) ? [[key.slice(LABEL_PREFIX.length), value]] : [],
    ),
  );
}
