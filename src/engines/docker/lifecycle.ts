import { isSandboxError, SandboxError } from '../../base/errors.ts';
import type { EngineId, EngineState } from '../engine.ts';
import type { DockerCalls } from './docker-calls.ts';
import { statusOf } from './errors.ts';
import { inspectSandbox } from './inspect.ts';

const REMOVAL_POLL_MS = 50;

/**
 * How often a pause is tried: cgroup v1 freezes a process when it next runs, and one whose sandbox has used up its share of
 * the CPU does so later than runc waits ("unable to freeze"), in every second case with much to do.
 */
const MOST_PAUSES = 10;

/** Starts it; a container that runs answers 304. */
export async function startSandbox(calls: DockerCalls, id: EngineId): Promise<void> {
  await unless304(
    calls.run(calls.about(id, 'start the sandbox'), (docker, abortSignal) =>
      docker.getContainer(calls.path(id)).start({ abortSignal }),
    ),
  );
}

/** Stops it within the grace, paused or not; a container that is stopped answers 304. */
export async function stopSandbox(calls: DockerCalls, id: EngineId, graceSeconds: number): Promise<void> {
  await thaw(calls, id);
  const timeoutMs = calls.timeoutMs + graceSeconds * 1000;
  await unless304(
    calls.run(
      calls.about(id, 'stop the sandbox'),
      (docker, abortSignal) => docker.getContainer(calls.path(id)).stop({ t: Math.ceil(graceSeconds), abortSignal }),
      timeoutMs,
    ),
  );
}

/** Freezes it; succeeds where it is frozen. */
export async function pauseSandbox(calls: DockerCalls, id: EngineId): Promise<void> {
  const deadlineMs = performance.now() + calls.timeoutMs;
  const pause = () =>
    calls.run(
      calls.about(id, 'pause the sandbox'),
      (docker, abortSignal) => docker.getContainer(calls.path(id)).pause({ abortSignal }),
      deadlineMs - performance.now(),
    );
  for (let attempt = 1; ; attempt += 1) {
    try {
      await pause();
      return;
    } catch (error) {
      if (await isSettled(calls, id, 'paused', error)) return;
      if (attempt === MOST_PAUSES || performance.now() >= deadlineMs) throw error;
    }
  }
}

/** Thaws it; succeeds where it runs. */
export async function resumeSandbox(calls: DockerCalls, id: EngineId): Promise<void> {
  const call = calls.run(calls.about(id, 'resume the sandbox'), (docker, abortSignal) =>
    docker.getContainer(calls.path(id)).unpause({ abortSignal }),
  );
  await call.catch(async (error: unknown) => {
    if (!(await isSettled(calls, id, 'running', error))) throw error;
  });
}

/** Removes it with its anonymous volumes; waits where a removal is under way already. */
export async function removeSandbox(calls: DockerCalls, id: EngineId): Promise<void> {
  const deadlineMs = performance.now() + calls.timeoutMs;
  try {
    await thaw(calls, id);
    await calls.run(calls.about(id, 'remove the sandbox'), (docker, abortSignal) =>
      docker.getContainer(calls.path(id)).remove({ force: true, v: true, abortSignal }),
    );
  } catch (error) {
    const status = statusOf(error);
    if (status === 404) return;
    if (status !== 409) throw error;
    while ((await inspectSandbox(calls, id)) !== null) {
      if (performance.now() >= deadlineMs)
        throw new SandboxError('timeout', 'The sandbox is not removed yet.', { cause: error });
      await new Promise((resolve) => setTimeout(resolve, REMOVAL_POLL_MS));
    }
  }
}

/**
 * Resumes it where it is paused: gVisor delivers no signal to a sandbox that is frozen, and Docker waits seconds for its end. One that
 * somebody else ends at this moment need not be.
 */
async function thaw(calls: DockerCalls, id: EngineId): Promise<void> {
  if ((await inspectSandbox(calls, id))?.state !== 'paused') return;
  await resumeSandbox(calls, id).catch((error: unknown) => {
    if (!isSandboxError(error, 'conflict') && !isSandboxError(error, 'not_found')) throw error;
  });
}

/**
 * Decides a refused pause or resume by the state that the sandbox is in, as the engine's versions answer differently
 * (409 or 500) where it is in that state already. Throws where it cannot get there.
 */
async function isSettled(calls: DockerCalls, id: EngineId, wanted: EngineState, error: unknown): Promise<boolean> {
  const status = statusOf(error);
  if (status === undefined || status === 404) throw error;
  const state = (await inspectSandbox(calls, id))?.state;
  if (state === 'created' || state === 'stopped') {
    throw new SandboxError('conflict', `The sandbox is ${state}, so it cannot become ${wanted}.`, { cause: error });
  }
  return state === wanted;
}

async function unless304(call: Promise<unknown>): Promise<void> {
  try {
    await call;
  } catch (error) {
    if (statusOf(error) !== 304) throw error;
  }
}
