import type { FastifyBaseLogger } from 'fastify';
import { hasCode, isSandboxError, SandboxError } from '../../base/errors.ts';
import type { Config } from '../../config/config.ts';
import type { Engine } from '../../engines/engine.ts';

/**
 * Warns of limits that the engine does not hold, and of what its own filter of system calls leaves open. Throws `invalid` where the
 * engine cannot filter system calls or give a network as the configuration says, or this process may not use it. An engine that does not answer proves
 * nothing and passes; it is asked again before a sandbox is made.
 */
export async function checkEngine(
  engine: Engine,
  { seccomp, runtime, network }: Config,
  logger: FastifyBaseLogger,
): Promise<void> {
  const { canBridge, label } = engine.traits;
  if (network === 'bridge' && !canBridge) {
    throw new SandboxError('invalid', `SANDBOX_NETWORK=bridge does not work on ${label}: take proxy or none.`);
  }
  try {
    const info = await engine.info();
    if (info.seccomp && !info.seccomp.includes(seccomp)) {
      const possible = info.seccomp.length === 0 ? 'none at all' : `only ${info.seccomp.join(', ')}`;
      throw new SandboxError(
        'invalid',
        `SANDBOX_DOCKER_SECCOMP=${seccomp} does not work here: of the filters of system calls the engine can hold ${possible}.`,
      );
    }
    if (seccomp === 'engine' && !engine.traits.hasOwnKernel(runtime)) {
      const sentence =
        "SANDBOX_DOCKER_SECCOMP=engine: the engine's list lets code attach programs in the kernel, and enough of them stop this machine until it is reset. Where you do not trust all code, unset it";
      logger.warn(sentence);
    }
    if (info.unlimited.length > 0) {
      const sentence =
        'The engine does not hold all limits of sandboxes: one of them can stop this machine. See npm run doctor';
      logger.warn({ unlimited: info.unlimited }, sentence);
    }
  } catch (error) {
    if (isDenied(error)) throw new SandboxError('invalid', error.message, { cause: error });
    if (isSandboxError(error, 'unavailable') || isSandboxError(error, 'timeout')) return;
    throw error;
  }
}

/** The engine is there and lets this user not speak with it: no waiting changes that. */
function isDenied(error: unknown): error is SandboxError {
  return isSandboxError(error, 'unavailable') && (hasCode(error.cause, 'EACCES') || hasCode(error.cause, 'EPERM'));
}
