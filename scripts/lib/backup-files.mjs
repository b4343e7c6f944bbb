import { createHash } from 'node:crypto';
import { open } from 'node:fs/promises';

/** The list of a backup's files with their hashes, which is written last. */
export const MANIFEST = 'manifest.json';

/**
 * The SHA-256 of a file in hex.
 * @param {string} path
 */
export async function hashFile(path) {
  const file = await open(path);
  try {
    const hash = createHash('sha256');
    for await (const chunk of file.createReadStream({ autoClose: false, highWaterMark: 1 << 20 })) hash.update(chunk);
    return hash.digest('hex');
  } finally {
    await file.close();
  }
}

/**
 * The same of a file that was just written, once its bytes are on the disk.
 * @param {string} path
 */
export async function hashWritten(path) {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
  return await hashFile(path);
}
