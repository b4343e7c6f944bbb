import type { FastifyBaseLogger } from 'fastify';
import { type Mode, TITLES } from '../config/modes.ts';
import type { Engine, EngineSandbox } from '../engines/engine.ts';
import { isSandboxError, messageOf, SandboxError } from '../errors.ts';
import { LABEL } from '../sandboxes/spec/engine-spec.ts';

/** How long a sandbox may take to end its processes, in seconds. */
const GRACE_SECONDS = 2;

interface Leaving {
  /** What ran the sandboxes until now. */
  readonly engine: Engine;
  readonly from: Mode;
  readonly to: Mode;
  /** The identity of the data folder. */
  readonly instance: string;
  readonly logger: FastifyBaseLogger;
}

/**
 * Stops the sandboxes of a data folder on the engine that ran them until now, so that no disk is in use by two; their files stay. Throws
 * `unavailable` where that engine does not answer.
 */
export async function leaveEngine({ engine, from, to, instance, logger }: Leaving): Promise<void> {
  const running = await answering(from, to, async () => {
    const all = await engine.list({ [LABEL.instance]: instance });
    return all.filter(({ state }) => state === 'running' || state === 'paused');
  });
  for (const sandbox of running) await answering(from, to, async () => await stop(engine, sandbox));
  const sandboxes = running.map(({ name }) => name);
  logger.warn({ from, to, sandboxes }, `the sandboxes of this folder were run by ${TITLES[from]}: stopped there`);
}

async function stop(engine: Engine, { id }: EngineSandbox): Promise<void> {
  try {
    await engine.stop(id, GRACE_SECONDS);
  } catch (error) {
    if (!isSandboxError(error, 'not_found')) throw error;
  }
}

async function answering<T>(from: Mode, to: Mode, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (cause) {
    throw new SandboxError(
      'unavailable',
      `The mode is ${to}, and sandboxes of this data folder may still run on ${TITLES[from]}, which cannot stop them (${messageOf(cause)}): start that engine, or set SANDBOX_MODE=${from}, or SANDBOX_DATA_DIR to another folder.`,
      { cause },
    );
  }
}
