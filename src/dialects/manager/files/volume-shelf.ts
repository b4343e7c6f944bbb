import type { Principal } from '../../../auth/principal.ts';
import type { SandboxId } from '../../../base/sandbox-address.ts';
import { InvalidRequest } from '../../../http/validation/validation.ts';
import type { AskedSpec } from '../../../sandboxes/asked/asked-spec.ts';
import type { SandboxStatus } from '../../../sandboxes/status/status.ts';
import { whyNotMountable } from '../../../sandboxes/volumes/mount-path.ts';
import type { Volume, Volumes, WantedSize } from '../../../sandboxes/volumes/volumes.ts';
import { toMoment } from '../fields.ts';
import { toBytes } from '../sizes.ts';

const MIB = 2 ** 20;

/** A volume as a client asks for it, under its name. */
export interface AskedVolume {
  readonly size?: string | null | undefined;
  readonly network?: boolean | null | undefined;
  readonly mount_path?: string | null | undefined;
}

interface ShownVolume {
  readonly id: number;
  readonly volume_id: string;
  readonly name: string;
  readonly mount_path: string;
  readonly size: number;
  readonly driver: 'local';
  readonly created_at: string;
}

/** A volume of this dialect, mounted there. */
export function toShown({ id, name, sizeBytes, createdAtMs }: Volume, mountPath: string): ShownVolume {
  return {
    id: Number.parseInt(id.slice(0, 12), 16),
    volume_id: id,
    name,
    mount_path: mountPath,
    size: Math.floor(sizeBytes / MIB),
    driver: 'local',
    created_at: toMoment(createdAtMs),
  };
}

/** The volumes that are mounted in a sandbox. */
export function volumesOf(shelf: Volumes, { volumes }: Pick<SandboxStatus, 'volumes'>): ShownVolume[] {
  return volumes.flatMap(({ id, path }) => {
    const volume = shelf.get(id);
    return volume ? [toShown(volume, path)] : [];
  });
}

/** Throws for a path at which nothing can be mounted; `field` is where the client said it. */
export function requireMountable(path: string, field: readonly string[]): string {
  const why = whyNotMountable(path);
  if (why === null) return path;
  throw new InvalidRequest([{ loc: field, msg: why, type: 'mount_path' }]);
}

/** How large a volume is to be, in bytes. */
export function toVolumeBytes(shelf: Volumes, size: string | null | undefined): number {
  return size == null ? shelf.usualBytes : toBytes(size);
}

/** The sizes of the volumes that a create makes; a network volume that is there is not made. */
export function sizesOf(
  shelf: Volumes,
  principal: Principal,
  asked: Readonly<Record<string, AskedVolume>>,
): readonly WantedSize[] {
  const made = Object.entries(asked).filter(([name, { network }]) => !network || !findShared(shelf, principal, name));
  return made.map(([, { size, network }]) => ({ sizeBytes: toVolumeBytes(shelf, size), isShared: network === true }));
}

function findShared(shelf: Volumes, principal: Principal, name: string): Volume | undefined {
  return shelf.shared(principal).find((one) => one.name === name);
}

/** Where each volume of a create is to be mounted; throws for a path that cannot be, and for two of which one is in the other. */
export function toMountPaths(asked: Readonly<Record<string, AskedVolume>>): ReadonlyMap<string, string> {
  const paths = new Map<string, string>();
  for (const [name, { mount_path: path }] of Object.entries(asked)) {
    const field = ['body', 'volumes', name, 'mount_path'];
    const wanted = requireMountable(path ?? `/mnt/${name}`, field);
    for (const other of paths.values()) requireApart(wanted, other, field);
    paths.set(name, wanted);
  }
  return paths;
}

/** Throws where one of two paths is the other, or lies in it. */
export function requireApart(path: string, other: string, field: readonly string[]): void {
  if (path !== other && !path.startsWith(`${other}/`) && !other.startsWith(`${path}/`)) return;
  throw new InvalidRequest([{ loc: field, msg: `must not be within ${other}, nor around it`, type: 'mount_path' }]);
}

/** Makes the volumes of a sandbox that is to be made; a network volume of that name is taken where there is one. */
export async function makeVolumes(
  shelf: Volumes,
  principal: Principal,
  sandboxId: SandboxId,
  asked: Readonly<Record<string, AskedVolume>>,
): Promise<NonNullable<AskedSpec['volumes']>> {
  const paths = toMountPaths(asked);
  const made: { id: string; path: string }[] = [];
  for (const [name, { size, network }] of Object.entries(asked)) {
    const path = paths.get(name) ?? `/mnt/${name}`;
    const known = network ? findShared(shelf, principal, name) : undefined;
    const wanted = {
      name,
      sizeBytes: toVolumeBytes(shelf, size),
      mountPath: path,
      sandboxId: network ? null : sandboxId,
    };
    const { id } = known ?? (await shelf.create(principal, wanted));
    made.push({ id, path });
  }
  return made;
}
