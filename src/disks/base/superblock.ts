import { open } from 'node:fs/promises';

/** What an ext4 file system says of itself. */
export interface Superblock {
  /** Of the whole file system, its own data included. */
  readonly sizeBytes: number;
  /** What files can use, as statfs counts it. */
  readonly usableBytes: number;
  readonly usedBytes: number;
  /** True where it was unmounted properly and no error was seen since it was last checked. */
  readonly isClean: boolean;
}

const OFFSET = 1024;
const BYTES = 1024;
const MAGIC = 0xef53;
const STATE_CLEAN = 1;
const NEEDS_RECOVERY = 0x4;

/** Reads a superblock of 1,024 bytes; null where it is none. https://docs.kernel.org/filesystems/ext4/super.html */
export function parseSuperblock(bytes: Buffer): Superblock | null {
  if (bytes.length < BYTES || bytes.readUInt16LE(0x38) !== MAGIC) return null;
  const blockBytes = 1024 * 2 ** bytes.readUInt32LE(0x18);
  const blocks = wide(bytes, 0x04, 0x150);
  const freeBlocks = wide(bytes, 0x0c, 0x158);
  const usableBlocks = blocks - bytes.readUInt32LE(0x248);
  return {
    sizeBytes: blocks * blockBytes,
    usableBytes: usableBlocks * blockBytes,
    usedBytes: Math.max(0, usableBlocks - freeBlocks) * blockBytes,
    isClean: bytes.readUInt16LE(0x3a) === STATE_CLEAN && (bytes.readUInt32LE(0x60) & NEEDS_RECOVERY) === 0,
  };
}

/** The superblock of an image; null where the file holds no ext4 file system. */
export async function readSuperblock(image: string): Promise<Superblock | null> {
  const file = await open(image, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(BYTES), 0, BYTES, OFFSET);
    return parseSuperblock(buffer.subarray(0, bytesRead));
  } finally {
    await file.close();
  }
}

function wide(bytes: Buffer, low: number, high: number): number {
  return bytes.readUInt32LE(low) + bytes.readUInt32LE(high) * 2 ** 32;
}
