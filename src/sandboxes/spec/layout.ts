import type { AgentSettings } from '../../agent/link/header.ts';
import type { EngineTmpfs } from '../../engines/engine.ts';
import { NODE_PRELOAD } from '../storage/shared-files.ts';
import { HOME, PACKAGES, WORKSPACE } from './folders.ts';
import { PROXY_ENVIRONMENT, PROXY_PORT, SOCKS_PORT } from './network-mode.ts';
import type { SandboxSpec } from './sandbox-spec.ts';

/** Where the agent calls the server; a folder of the server's, read-only. */
export const SOCKET_FOLDER = '/run/clara-line';

/** A small tmpfs for the scripts of runs. */
const SCRATCH = '/run/clara';

/** The home of who is called root, who is the same user. */
const ROOT_HOME = '/root';

const SCRATCH_BYTES = 64 * 2 ** 20;
const SPARE_BYTES = 64 * 2 ** 20;
const SHARED_MEMORY_BYTES = 64 * 2 ** 20;

/**
 * The writable folders that do not persist. They count as the sandbox's memory and nothing but a restart empties them, so
 * together they never hold half of it, the kernel's own for each file included: a sandbox that fills them can still work.
 */
export function temporaryFolders(tmpBytes: number, memoryBytes: number): readonly EngineTmpfs[] {
  return [
    { path: '/tmp', sizeBytes: Math.min(tmpBytes, Math.floor(memoryBytes / 4)), mode: 0o1777 },
    { path: '/dev/shm', sizeBytes: Math.min(SHARED_MEMORY_BYTES, Math.floor(memoryBytes / 8)), mode: 0o1777 },
    { path: SCRATCH, sizeBytes: Math.min(SCRATCH_BYTES, Math.floor(memoryBytes / 16)), mode: 0o700 },
    { path: '/var/tmp', sizeBytes: Math.min(SPARE_BYTES, Math.floor(memoryBytes / 64)), mode: 0o1777 },
    { path: ROOT_HOME, sizeBytes: Math.min(SPARE_BYTES, Math.floor(memoryBytes / 64)), mode: 0o700 },
  ];
}

/** The environment of everything that runs in a sandbox, on top of its image's own. */
const BASE_ENVIRONMENT: Readonly<Record<string, string>> = {
  HOME,
  USER: 'user',
  LOGNAME: 'user',
  LANG: 'C.UTF-8',
  PYTHONUSERBASE: PACKAGES,
  PYTHONUNBUFFERED: '1',
  PIP_BREAK_SYSTEM_PACKAGES: '1',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_NO_CACHE_DIR: '1',
  NPM_CONFIG_PREFIX: PACKAGES,
};

/** Where sandboxes share folders by a group: what is made there is the group's to write. In a sandbox alone each group is its user's own. */
const GROUP_UMASK = 0o002;

/** What the agent of a sandbox is told. */
export function toAgentSettings({ network, volumes }: SandboxSpec, preload: AgentSettings['preload']): AgentSettings {
  const hasProxy = network === 'proxy';
  return {
    workspace: WORKSPACE,
    packages: PACKAGES,
    scratch: SCRATCH,
    preload,
    ...(volumes.length > 0 ? { umask: GROUP_UMASK } : {}),
    env: hasProxy ? { ...BASE_ENVIRONMENT, ...PROXY_ENVIRONMENT } : BASE_ENVIRONMENT,
    ...(hasProxy ? { proxy: { port: PROXY_PORT, socks: SOCKS_PORT }, nodePreload: NODE_PRELOAD } : {}),
  };
}
