import type { EngineId } from '../engine.ts';
import type { DockerCalls } from './docker-calls.ts';

/** Whoever asks has an answer to give. */
const TIMEOUT_MS = 1_000;

/** The signal is left out of dockerode's types here. */
interface EventsQuery {
  readonly since: number;
  readonly until: number;
  readonly filters: { readonly container: string[]; readonly event: string[] };
  readonly abortSignal: AbortSignal;
}

/** Looks through the engine's last events, of which it keeps some hundreds, by its own clock, and at those to come for so long. */
export async function ranOutOfMemory(calls: DockerCalls, id: EngineId, sinceMs: number, waitMs = 0): Promise<boolean> {
  const nowMs = Date.now();
  return await calls.run(
    calls.about(id, 'tell how the sandbox ended'),
    async (docker, abortSignal) => {
      const query: EventsQuery = {
        since: (nowMs - (performance.now() - sinceMs)) / 1000,
        until: (nowMs + waitMs) / 1000,
        filters: { container: [id], event: ['oom'] },
        abortSignal,
      };
      for await (const chunk of await docker.getEvents(query)) if (chunk.length > 0) return true;
      return false;
    },
    Math.min(TIMEOUT_MS + waitMs, calls.timeoutMs),
  );
}
