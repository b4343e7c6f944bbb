import type { DiskRoom } from '../../disks/base/disk.ts';
import type { Disks } from '../../disks/disks.ts';
import type { CoreEvents } from '../../observability/core-events.ts';
import type { Sandbox } from '../registry/sandbox.ts';
import { Endings } from './endings.ts';

/** Between two looks at the disk, in milliseconds: while little is left, while nothing is, and at most. */
const NEAR_MS = 20;
const USED_UP_MS = 250;
const FAR_MS = 5_000;

/** How much longer than a look it rests after it: each open image costs some tenths of a millisecond. */
const RESTS = 2;

/** As fast as a machine may fill its disk, in bytes a millisecond; half of what one sandbox may have may be gone by the next look. */
const FASTEST = 4_000_000;

/** A disk that loses no more bytes than this between two looks is not being filled. */
const STEADY_BYTES = 4 * 2 ** 20;

const STOPPED =
  'The disk of the server is almost full and this sandbox was filling it, so all that ran in it was ended; its files are kept.';

interface GuardParts {
  readonly disks: { readonly reserve: Pick<Disks['reserve'], 'room' | 'look' | 'holdsFiles' | 'sizeBytes'> };
  readonly sandboxes: () => Iterable<Sandbox>;
  /** Ends what runs in a sandbox at once; its mutex is held. */
  readonly stop: (sandbox: Sandbox) => Promise<void>;
  readonly events: CoreEvents;
  readonly onError: (error: unknown) => void;
}

/**
 * Holds sandboxes back before the disk below them is full. Disk images get no more room than there is above the reserve, for which
 * this looks the more often the less an image may have. Plain folders cannot be held: who fills the disk from one is stopped once half the
 * reserve is gone. Files in volumes of the engine are not on that disk.
 */
export class DiskGuard {
  readonly #parts: GuardParts;
  readonly #endings: Endings;
  #timer: NodeJS.Timeout | undefined;
  #look: Promise<void> = Promise.resolve();
  #isClosed = true;

  constructor(parts: GuardParts) {
    this.#parts = parts;
    this.#endings = new Endings(parts);
  }

  /** Begins to look. */
  open(): void {
    this.#isClosed = false;
    this.#schedule(this.#parts.disks.reserve.room);
  }

  /** Looks no more, and waits for the look and the ends that are under way. */
  async close(): Promise<void> {
    this.#isClosed = true;
    clearTimeout(this.#timer);
    await this.#look;
    await this.#endings.settle();
  }

  #schedule(room: DiskRoom, tookMs = 0): void {
    if (this.#isClosed) return;
    this.#timer = setTimeout(
      () => {
        this.#look = this.#watch().catch(this.#parts.onError);
      },
      Math.max(lookAfterMs(room), tookMs * RESTS),
    );
  }

  async #watch(): Promise<void> {
    const { disks } = this.#parts;
    const before = disks.reserve.room;
    const startedAtMs = performance.now();
    const room = await disks.reserve.look();
    const tookMs = performance.now() - startedAtMs;
    try {
      const isFalling = before.freeBytes - room.freeBytes > STEADY_BYTES;
      const { holdsFiles, sizeBytes } = disks.reserve;
      if (holdsFiles && isFalling && room.freeBytes < sizeBytes / 2) this.#stopWriters(room);
    } finally {
      this.#schedule(room, tookMs);
    }
  }

  /** Those that work at this moment, or if none does, all that run: something in the background may write too. */
  #stopWriters({ held }: DiskRoom): void {
    // The disk may be filled by those for as long as they have not ended: no other is stopped for that.
    if (this.#endings.areUnderWay) return;
    const free = [...this.#parts.sandboxes()].filter(({ state, id }) => state === 'running' && !held.includes(id));
    const busy = free.filter(({ leases }) => leases.count > 0);
    for (const sandbox of busy.length > 0 ? busy : free) this.#endings.begin(sandbox, STOPPED);
  }
}

function lookAfterMs({ roomBytes, leastBytes }: DiskRoom): number {
  if (roomBytes <= 0) return USED_UP_MS;
  return Math.min(FAR_MS, Math.max(NEAR_MS, leastBytes / FASTEST / 2));
}
