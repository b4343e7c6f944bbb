import type { AgentSettings } from '../agent/link.ts';
import type { Config } from '../config.ts';
import type { EngineTmpfs } from '../engines/engine.ts';

/** The persistent folder of a sandbox. */
export const WORKSPACE = '/workspace';

/** The same folder under the name that models are told. */
export const HOME = '/home/user';

/** Where pip and npm install; persistent. */
export const PACKAGES = '/packages';

/** A small tmpfs for the scripts of runs. */
const SCRATCH = '/run/clara';

/** The user inside a sandbox, and the owner of its folders on the host. */
export const SANDBOX_USER = { uid: 1000, gid: 1000 } as const;

const SCRATCH_BYTES = 64 * 2 ** 20;

/** The writable folders that do not persist; they count as the sandbox's memory. */
export function temporaryFolders(tmpBytes: number): readonly EngineTmpfs[] {
  return [
    { path: '/tmp', sizeBytes: tmpBytes, mode: 0o1777 },
    { path: SCRATCH, sizeBytes: SCRATCH_BYTES, mode: 0o700 },
  ];
}

/** The environment of everything that runs in a sandbox, on top of its image's own. */
const BASE_ENVIRONMENT: Readonly<Record<string, string>> = {
  HOME,
  USER: 'sandbox',
  LOGNAME: 'sandbox',
  LANG: 'C.UTF-8',
  PYTHONUSERBASE: PACKAGES,
  PYTHONUNBUFFERED: '1',
  PIP_BREAK_SYSTEM_PACKAGES: '1',
  PIP_DISABLE_PIP_VERSION_CHECK: '1',
  PIP_NO_CACHE_DIR: '1',
  NPM_CONFIG_PREFIX: PACKAGES,
};

/** What the agent of every sandbox is told. */
export function toAgentSettings(config: Config): AgentSettings {
  return {
    workspace: WORKSPACE,
    packages: PACKAGES,
    scratch: SCRATCH,
    preload: config.preload,
    env: BASE_ENVIRONMENT,
  };
}
