import type { Config } from '../config.ts';
import type { Engine } from '../engines/engine.ts';
import { isSandboxError, SandboxError } from '../errors.ts';
import { SANDBOX_USER } from './layout.ts';

/**
 * Throws `invalid` where the engine cannot filter system calls as the configuration says, or where nobody can tell who the user of
 * a sandbox is on this machine. An engine that does not answer proves nothing and passes; it is asked again before a sandbox is made.
 */
export async function checkEngine(engine: Engine, { seccomp }: Config): Promise<void> {
  try {
    const info = await engine.info();
    if (!info.seccomp.includes(seccomp)) {
      const possible = info.seccomp.length === 0 ? 'none at all' : `only ${info.seccomp.join(', ')}`;
      throw new SandboxError(
        'invalid',
        `SANDBOX_DOCKER_SECCOMP=${seccomp} does not work here: of the filters of system calls the engine can hold ${possible}.`,
      );
    }
    await engine.hostUser(SANDBOX_USER);
  } catch (error) {
    if (isSandboxError(error, 'unavailable') || isSandboxError(error, 'timeout')) return;
    throw error;
  }
}
