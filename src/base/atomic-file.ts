import { open, readFile, rename, rm } from 'node:fs/promises';
import { hasCode } from './errors.ts';

/** The content of a file; null where there is none. */
export async function readText(file: string): Promise<string | null> {
  try {
    return await readFile(file, 'utf8');
  } catch (error) {
    if (hasCode(error, 'ENOENT')) return null;
    throw error;
  }
}

/**
 * Writes a file so that a crash leaves the old or the new one; resolves when it is on disk. Writes to the same file must not overlap:
 * one name is enough for what is not finished, and what a crash leaves of it is overwritten.
 */
export async function writeAtomically(file: string, content: string | Buffer, mode = 0o600): Promise<void> {
  const temporary = `${file}.new`;
  try {
    const handle = await open(temporary, 'w', mode);
    try {
      await handle.writeFile(content);
      await handle.chmod(mode);
      await handle.datasync();
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch (error) {
    await rm(temporary, { force: true }).catch(() => undefined);
    throw error;
  }
}
