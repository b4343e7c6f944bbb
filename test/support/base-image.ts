import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const SCRIPT = fileURLToPath(new URL('../../scripts/base-image.mjs', import.meta.url));

/** The published image where the engine has it or can pull it, else one made from this machine's own distribution. */
export async function ensureBaseImage(published: string): Promise<string> {
  const { stdout } = await promisify(execFile)(process.execPath, [SCRIPT, published]);
  return stdout.trimEnd().split('\n').at(-1) ?? '';
}
