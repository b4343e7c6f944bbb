/** What Incus knows of a volume, beside its name. */
type VolumeConfig = Readonly<Record<string, string>>;

/** How often a volume was moved: of two by one name, as a move leaves that was broken off, the later is the copy that is whole. */
const SERIAL = 'user.clara.moves';

/** A size as Incus takes it. */
export function toSize(sizeBytes: number): string {
  return `${sizeBytes}B`;
}

/** The bytes of a size that this server has written; 0 for others and for none. */
export function bytesOf(size: string | undefined): number {
  return Number(/^(\d+)B$/.exec(size ?? '')?.[1] ?? 0);
}

/** Which of two by one name is the later. */
export function serialOf(config: VolumeConfig): number {
  return Number(config[SERIAL] ?? 0);
}

/** What a copy is to have that stands in the place of it. */
export function movedConfig(config: VolumeConfig): VolumeConfig {
  return { ...ownConfig(config), [SERIAL]: String(serialOf(config) + 1) };
}

/** What a copy is to have too: the rest is what Incus notes about the one volume. */
export function ownConfig(config: VolumeConfig): VolumeConfig {
  return Object.fromEntries(Object.entries(config).filter(([key]) => !key.startsWith('volatile.')));
}
