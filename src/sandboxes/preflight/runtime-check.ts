import { isSandboxError, messageOf, SandboxError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { Engine } from '../../engines/engine.ts';
import type { SandboxUsers } from '../users/sandbox-users.ts';
import { smokeTest } from './smoke-test.ts';

const MEMORY_BYTES = 128 * 2 ** 20;

/**
 * Runs something in the runtime that the configuration asks for, and throws `invalid` where that does not work: isolation
 * that was asked for and is not there must not go unnoticed. An engine without a choice of runtimes has nothing to try. An engine that does not answer proves nothing and passes.
 */
export async function checkRuntime(
  engine: Engine,
  config: Config,
  instance: string,
  users: SandboxUsers,
): Promise<void> {
  try {
    const { runtimes } = await engine.info();
    if (runtimes.length === 0) return;
    if (!runtimes.includes(config.runtime)) {
      throw new SandboxError('invalid', `The engine has no runtime ${config.runtime}; it has ${runtimes.join(', ')}.`);
    }
    if (config.runtime === 'runc') return;
    const { last: uid } = await users.range();
    const user = { uid, gid: uid };
    const subject = { name: 'runtime-check', image: config.image, user, memoryBytes: MEMORY_BYTES, cpus: 1 };
    await smokeTest({ engine, config, instance }, subject);
  } catch (cause) {
    if (isSandboxError(cause, 'unavailable') || isSandboxError(cause, 'timeout')) return;
    const reason = messageOf(cause);
    throw new SandboxError('invalid', `SANDBOX_DOCKER_RUNTIME=${config.runtime} does not work here. ${reason}`, {
      cause,
    });
  }
}
