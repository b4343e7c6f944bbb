import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { writeAtomically } from '../../base/atomic-file.ts';

interface SharedFile {
  /** In the data folder. */
  readonly name: string;
  /** In every sandbox. */
  readonly target: string;
  /** The text, or where this server has it. */
  readonly content: string | URL;
  readonly isProgram?: boolean;
}

/** Where programs lie that this server has and sandboxes run. */
const PROGRAMS = new URL('../../../agent/programs/', import.meta.url);

/** What every Node of a sandbox with a proxy loads first. */
export const NODE_PRELOAD = '/usr/lib/clara-sockets.cjs';

/**
 * What all sandboxes have alike in the place of their image's own, or beside it:
 * - names: the engine's file gives localhost an address of IPv6 that is not there, and a sandbox without a card no name;
 * - login shells, which begin with the path of /etc/profile: there too what pip and npm install is found, and finds its modules.
 * - the way out for programs that know no proxy: a command, what makes ssh use it, and what makes Node do it by itself.
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
  {
    name: 'connect.py',
    target: '/usr/local/bin/clara-connect',
    content: new URL('connect.py', PROGRAMS),
    isProgram: true,
  },
  { name: 'sockets.cjs', target: NODE_PRELOAD, content: new URL('sockets.cjs', PROGRAMS) },
  {
    name: 'ssh.conf',
    target: '/etc/ssh/ssh_config.d/clara.conf',
    content: `Match exec "test $HTTPS_PROXY"
  ProxyCommand /usr/local/bin/clara-connect %h %p
`,
  },
];

/** Everybody in a sandbox reads them. */
const MODE = 0o644;
const PROGRAM_MODE = 0o755;

/** Writes them into the data folder where they do not say so already; those that sandboxes have open stay as they are. */
export async function writeSharedFiles(dataDir: string): Promise<void> {
  for (const { name, content, isProgram } of SHARED_FILES) {
    const file = join(dataDir, name);
    const text = typeof content === 'string' ? content : await readFile(content, 'utf8');
    if ((await readFile(file, 'utf8').catch(() => null)) === text) continue;
    await writeAtomically(file, text, isProgram ? PROGRAM_MODE : MODE);
  }
}
