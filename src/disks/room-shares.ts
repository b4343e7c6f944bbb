/** What is left is shared out from here on; of more than that, no writers take all between two looks. */
const SHARED_BYTES = 2 ** 30;

/** So little is not shared out: it is used up. */
const LEAST_BYTES = 2 * 2 ** 20;

/** A disk that took so much since the last look is being written. */
const WRITTEN_BYTES = 64 * 2 ** 10;

/** What a disk at rest counts beside one that is being written. */
const AT_REST = 1 / 32;

/** An open disk, as a look sees it. */
interface SharingDisk {
  readonly name: string;
  readonly usedBytes: number;
}

/** What the open disks may take until the next look. */
interface RoomShares {
  /** By name, in the order of the disks. */
  readonly shares: ReadonlyMap<string, number>;
  /** Less than nothing where too little is left to be shared. */
  readonly roomBytes: number;
}

/**
 * Shares out what the data folder's disk has left, so that all open disks together cannot take more than there is however late the next
 * look comes. Who writes gets most of it: a disk at rest counts for little, after a few looks without a write.
 */
export class RoomSharing {
  #known = new Map<string, { readonly usedBytes: number; readonly weight: number }>();

  /** Shares of `roomBytes`; where that is more than a GiB, of the last GiB of it, and the rest is everybody's. */
  share(disks: readonly SharingDisk[], roomBytes: number): RoomShares {
    this.#known = new Map(disks.map((disk) => [disk.name, { ...disk, weight: this.#weigh(disk) }]));
    const isTooLittle = roomBytes < LEAST_BYTES;
    const sharedBytes = isTooLittle ? 0 : Math.min(roomBytes, SHARED_BYTES);
    const everybodysBytes = isTooLittle ? 0 : roomBytes - sharedBytes;
    const weights = [...this.#known.values()].reduce((sum, { weight }) => sum + weight, 0);
    const shares = [...this.#known].map(
      ([name, { weight }]) => [name, everybodysBytes + Math.floor((sharedBytes * weight) / weights)] as const,
    );
    return { shares: new Map(shares), roomBytes: isTooLittle ? Math.min(roomBytes, 0) - LEAST_BYTES : roomBytes };
  }

  #weigh({ name, usedBytes }: SharingDisk): number {
    const before = this.#known.get(name);
    if (!before || usedBytes - before.usedBytes >= WRITTEN_BYTES) return 1;
    return Math.max(AT_REST, before.weight / 2);
  }
}
