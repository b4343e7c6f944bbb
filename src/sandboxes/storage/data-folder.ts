import { chmod, mkdir, realpath, stat } from 'node:fs/promises';
import { dirname } from 'node:path';
import { hasCode } from '../../base/errors.ts';
import { ConfigError } from '../../config/config.ts';
import { explainDenial, whyUnfit } from '../../disks/folder-support.ts';

/** Makes the data folder and those above it where they are absent and resolves with its path without links; throws a ConfigError where there can be none. */
export async function openDataFolder(path: string): Promise<string> {
  try {
    await makeFolder(path);
    return await realpath(path);
  } catch (cause) {
    const reason = cause instanceof Error && 'code' in cause ? ` (${String(cause.code)})` : '';
    const sentence = `SANDBOX_DATA_DIR is ${path}, which is no folder and cannot be made one${reason}; set it to another.`;
    throw new ConfigError(explainDenial(path, cause) ?? sentence, { cause });
  }
}

/** Throws a ConfigError where sandboxes cannot live in this folder, or this process may not give it to them. */
export async function requireFit(dataDir: string): Promise<void> {
  const sentence = await whyUnfit(dataDir);
  if (sentence !== null) throw new ConfigError(sentence);
}

/** Makes the folder of a sandbox where it is absent; others of the machine may pass through it and not look. */
export async function makeSandboxFolder(path: string): Promise<void> {
  try {
    await mkdir(path, { mode: 0o711 });
  } catch (error) {
    if (!hasCode(error, 'EEXIST')) throw error;
  }
}

/** Makes a folder that everybody in a sandbox reads where it is absent. */
export async function makeReadable(path: string): Promise<void> {
  await mkdir(path, { recursive: true });
  await chmod(path, 0o755);
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
