import { mkdir, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { ConfigError } from '../../config/config.ts';

/** Makes the data folder and those above it where they are absent; throws a ConfigError where there can be none. */
export async function openDataFolder(path: string): Promise<void> {
  try {
    await makeFolder(path);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    const sentence = `SANDBOX_DATA_DIR is ${path}, which is no folder and cannot be made one${reason}; set it to another.`;
    throw new ConfigError(sentence, { cause });
  }
}

/** Not mkdir with `recursive`, which tries for ever in a file system that takes no folders, such as /proc. */
async function makeFolder(path: string): Promise<void> {
  if (await isFolder(path)) return;
  const parent = dirname(path);
  if (parent !== path) await makeFolder(parent);
  await mkdir(path).catch(async (error: unknown) => {
    if (!(await isFolder(path))) throw error;
  });
}

async function isFolder(path: string): Promise<boolean> {
  return await stat(path).then(
    (found) => found.isDirectory(),
    () => false,
  );
}
