import { isSandboxError, SandboxError } from '../../base/errors.ts';
import type { Engine, EngineExec, EngineId } from '../../engines/engine.ts';
import { AgentFailure } from '../wire/failures.ts';

/** Throws a sentence about the image where a bootstrap's end says that it could not even start. */
export async function explainStart(
  engine: Engine,
  engineId: EngineId,
  exec: EngineExec,
  cause: unknown,
  isSecond: boolean,
): Promise<void> {
  const code = await exec.exitCode().catch(() => null);
  const stderr = exec.stderr().trim();
  // An engine gives the same codes for a container that ends in that moment, and may still say that it runs.
  const isMissing = isSecond && (code === 126 || code === 127);
  if (isMissing && (await engine.inspect(engineId))?.state === 'running') {
    throw new SandboxError('invalid', 'The image has no python3 on its PATH; sandboxes need Python 3.8 or newer.', {
      cause,
    });
  }
  if (code !== null && code !== 0 && stderr.includes('Clara needs Python')) {
    throw new SandboxError('invalid', stderr.split('\n').at(-1) ?? stderr, { cause });
  }
}

/** What a start of an agent that failed is for who wanted to use it. */
export function toStartError(error: unknown): SandboxError {
  if (isSandboxError(error, 'conflict') || isSandboxError(error, 'not_found')) {
    const sentence = 'The sandbox ended while its agent was started; try again.';
    return new SandboxError('unavailable', sentence, { cause: error, retryAfterSeconds: 1 });
  }
  return isSandboxError(error) && !(error instanceof AgentFailure) ? error : agentSilent(error);
}

/** No agent answers, and none can be had. */
export function agentSilent(cause?: unknown): SandboxError {
  const message = 'The agent in the sandbox does not answer; restart the sandbox.';
  return new SandboxError('unavailable', message, { cause, retryAfterSeconds: 1 });
}
