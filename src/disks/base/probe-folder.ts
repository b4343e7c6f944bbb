import { mkdtemp } from 'node:fs/promises';
import { basename, join } from 'node:path';

const PREFIX = 'clara-probe-';

/** As mkdtemp(3) ends the name. No sandbox id looks like this: those end in a hash of 20 digits. */
const NAME = new RegExp(`^${PREFIX}[0-9A-Za-z]{6}$`);

/** True for the name of a folder that `makeProbeFolder` has made, which a crash may have left. */
export function isProbeFolder(name: string): boolean {
  return NAME.test(name);
}

/** Makes a folder in which something is tried out; its name. `within` is the data folder as this process reaches it. */
export async function makeProbeFolder(within: string): Promise<string> {
  return basename(await mkdtemp(join(within, PREFIX)));
}
