import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from './atomic-file.ts';

interface SharedFile {
  /** In the data folder. */
  readonly name: string;
  /** In every sandbox. */
  readonly target: string;
  readonly content: string;
}

/**
 * What all sandboxes have alike in the place of their image's own, or beside it:
 * - names: the engine's file gives localhost an address of IPv6 that is not there, and a sandbox without a card no name;
 * - login shells, which begin with the path of /etc/profile: there too what pip and npm install is found, and finds its modules.
 */
export const SHARED_FILES: readonly SharedFile[] = [
  { name: 'hosts', target: '/etc/hosts', content: '127.0.0.1\tlocalhost\n127.0.0.1\tsandbox\n' },
  {
    name: 'profile.sh',
    target: '/etc/profile.d/clara.sh',
    content: `case ":$PATH:" in
  *:/packages/bin:*) ;;
  *) PATH="/packages/bin:$PATH" ;;
esac
export PATH PYTHONUSERBASE="$\{PYTHONUSERBASE:-/packages}" NPM_CONFIG_PREFIX="$\{NPM_CONFIG_PREFIX:-/packages}"
`,
  },
];

/** Everybody in a sandbox reads them. */
const MODE = 0o644;

/** Writes them into the data folder where they do not say so already; those that sandboxes have open stay as they are. */
export async function writeSharedFiles(dataDir: string): Promise<void> {
  for (const { name, content } of SHARED_FILES) {
    const file = join(dataDir, name);
    if ((await readFile(file, 'utf8').catch(() => null)) !== content) await writeAtomically(file, content, MODE);
  }
}
