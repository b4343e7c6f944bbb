import { statfs } from 'node:fs/promises';
import { join } from 'node:path';
import type { FastifyBaseLogger } from 'fastify';
import { Mutex } from '../async/mutex.ts';
import { SandboxError } from '../base/errors.ts';
import { Ballast } from './ballast.ts';
import type { DiskRoom, GrowingDisk } from './base/disk.ts';
import { SCARCE_BYTES } from './base/scarce.ts';

const UNKNOWN: DiskRoom = toRoom(Number.MAX_SAFE_INTEGER, 0);

/** Names of two files of the data folder. */
export type BallastFiles = readonly [string, string];

const HALF = 0.5;

interface ReserveParts {
  readonly disk: GrowingDisk;
  /** What sandboxes never get of the data folder's disk. */
  readonly reserveBytes: number;
  /** False where the files of sandboxes are elsewhere: none of them takes anything of this disk then, and none is refused for it. */
  readonly holdsFiles: boolean;
  readonly logger: FastifyBaseLogger;
  readonly onError: (error: unknown) => void;
}

/** The part of the data folder's disk that no sandbox gets: knows what is left above it and lets sandboxes have no more. */
export class DiskReserve {
  readonly sizeBytes: number;
  readonly #parts: ReserveParts;
  /** Given up once the disk is full, so that what was accepted finds its place. */
  #first = new Ballast('');
  /** Given up only for a disk that must be closed or opened: whoever fills the disk may have taken the first. */
  #second = new Ballast('');
  /** One look at a time: what a look has seen before another one began may be old. */
  readonly #looks = new Mutex();
  #dataDir = '';
  #room = UNKNOWN;
  #hasFailed = false;
  #flushing: Promise<void> = Promise.resolve();

  constructor(parts: ReserveParts) {
    this.#parts = parts;
    this.sizeBytes = parts.reserveBytes;
  }

  /** Begins to watch this folder's disk; two files in it carry the ballasts. */
  async open(dataDir: string, [first, second]: BallastFiles): Promise<void> {
    this.#dataDir = dataDir;
    this.#first = new Ballast(join(dataDir, first));
    this.#second = new Ballast(join(dataDir, second));
    await this.look();
  }

  /** True where sandboxes have their files on this disk. */
  get holdsFiles(): boolean {
    return this.#parts.holdsFiles;
  }

  /** What the last look has seen. */
  get room(): DiskRoom {
    return this.#room;
  }

  /** True where sandboxes get no more room. */
  get isUsedUp(): boolean {
    return this.#room.roomBytes <= 0;
  }

  /** Looks anew and holds open disks to what there is; what fails is reported once, and what is known stays. */
  async look(): Promise<DiskRoom> {
    return await this.#looks.run(async () => {
      const wasUsedUp = this.isUsedUp;
      this.#room = await this.#share();
      const hasRoomAgain = await this.#trim(this.#room);
      if (hasRoomAgain || (this.isUsedUp && !wasUsedUp)) this.#flush();
      if (this.isUsedUp !== wasUsedUp) this.#say();
      return this.#room;
    });
  }

  /** Sees to it that a disk can be closed or opened, which writes a little. */
  async makeWay(): Promise<void> {
    if ((await this.#freeBytes()) >= SCARCE_BYTES) return;
    await this.look();
    await this.#looks.run(async () => {
      const isGivenUp = await this.#second.giveUp(await this.#freeBytes(), HALF).catch(() => false);
      if (isGivenUp) this.#room = await this.#share();
    });
  }

  /** Throws `no_space` where there is too little for another sandbox. */
  async requireForNew(): Promise<void> {
    if (!this.holdsFiles) return;
    const { freeBytes, roomBytes } = this.#room;
    const leftBytes = (await this.#freeBytes()) - (freeBytes - roomBytes);
    // A new sandbox does not take what is owed to the ballast.
    if (leftBytes >= (this.#owedBytes > 0 ? SCARCE_BYTES : 0)) return;
    throw new SandboxError(
      'no_space',
      'The disk of the server is almost full, so no new sandbox is made; the operator must free space. Sandboxes that exist go on.',
    );
  }

  /** Throws `no_space` where nothing more may be written. */
  async requireForWrite(): Promise<void> {
    if (!this.holdsFiles) return;
    if (this.isUsedUp && (await this.look()).roomBytes <= 0) throw usedUp();
  }

  /** What a failed write in this sandbox was: its error, or that of the server's disk where that is what had no room. */
  async explain(error: unknown, name: string): Promise<unknown> {
    if (!this.holdsFiles) return error;
    const { roomBytes, held } = await this.look();
    return roomBytes <= 0 || held.includes(name) ? usedUp(error) : error;
  }

  /** Waits for what is under way. */
  async close(): Promise<void> {
    await this.#looks.run(async () => undefined);
    await this.#flushing;
  }

  async #share(): Promise<DiskRoom> {
    const keepBytes = this.sizeBytes + this.#owedBytes;
    try {
      const room = await this.#parts.disk.shareRoom(this.#dataDir, keepBytes);
      this.#hasFailed = false;
      return room;
    } catch (error) {
      if (!this.#hasFailed) this.#parts.onError(error);
      this.#hasFailed = true;
      const freeBytes = await this.#freeBytes().catch(() => null);
      return freeBytes === null ? this.#room : toRoom(freeBytes, keepBytes);
    }
  }

  /** True where the first ballast was given up. Where there can be none, all goes on without. */
  async #trim({ freeBytes, roomBytes }: DiskRoom): Promise<boolean> {
    const isGivenUp = await this.#first.giveUp(freeBytes).catch(() => false);
    if (isGivenUp) return true;
    let leftBytes = roomBytes;
    for (const ballast of [this.#first, this.#second]) leftBytes -= await ballast.take(leftBytes).catch(() => 0);
    return false;
  }

  get #owedBytes(): number {
    return this.#first.owedBytes + this.#second.owedBytes;
  }

  /** What was accepted before is brought to its place while there is some. */
  #flush(): void {
    this.#flushing = this.#flushing.then(() => this.#parts.disk.flush(this.#dataDir)).catch(this.#parts.onError);
  }

  #say(): void {
    const { freeBytes } = this.#room;
    const facts = { freeBytes, reserveBytes: this.sizeBytes };
    const { logger } = this.#parts;
    if (this.isUsedUp && !this.holdsFiles) {
      logger.warn(
        facts,
        'The disk of the data folder is almost full: records of sandboxes may soon not be written. Free space.',
      );
    } else if (this.isUsedUp) {
      logger.warn(
        facts,
        'The disk of the data folder is almost full: sandboxes get no more room, uploads and new sandboxes are refused until there is some. Free space, or lower SANDBOX_DISK_RESERVE.',
      );
    } else logger.info(facts, 'The disk of the data folder has room again: nobody is held back.');
  }

  async #freeBytes(): Promise<number> {
    const { bavail, bsize } = await statfs(this.#dataDir);
    return bavail * bsize;
  }
}

function toRoom(freeBytes: number, keepBytes: number): DiskRoom {
  const roomBytes = freeBytes - keepBytes;
  return { freeBytes, roomBytes, leastBytes: roomBytes, held: [] };
}

function usedUp(cause?: unknown): SandboxError {
  const sentence =
    'The disk of the server is almost full, so nothing more is written; try again later, or tell its operator to free space. Reading, deleting and stopping go on.';
  return new SandboxError('no_space', sentence, { cause });
}
