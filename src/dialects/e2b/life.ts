import type { LifePolicy } from '../../sandboxes/asked/life-policy.ts';

/** The shortest time that a sandbox lives on after traffic has resumed it, in seconds. */
const LEAST_AFTER_TRAFFIC = 300;

/** What becomes of a sandbox when its time is over. */
export type OnTimeout = 'purge' | 'freeze' | 'halt';

/** How long the making of a sandbox may take that does not count as its time, in milliseconds. */
const MAKING_MS = 600_000;

/** The life of one that is being made; how long it lives is said when it is there. */
export function lifeToBegin(nowMs: number, onTimeout: OnTimeout): LifePolicy {
  return newLife(nowMs + MAKING_MS, onTimeout);
}

/** A life by the clock alone: neither frozen nor stopped for its idleness, and it gives way to none. */
function newLife(endAtMs: number, onTimeout: OnTimeout): LifePolicy {
  return {
    pauseAfter: 'never',
    stopAfter: 'never',
    yieldsAtCap: false,
    end: { when: 'at', atMs: endAtMs, by: onTimeout, isHeldBySuspension: true },
    staysSuspended: true,
  };
}

/** The same life that ends then. */
export function endingAt(life: LifePolicy, atMs: number): LifePolicy {
  return life.end.when === 'at' ? { ...life, end: { ...life.end, atMs } } : life;
}

/** The same life that ends then, if that is later. */
export function endingNotBefore(life: LifePolicy, atMs: number): LifePolicy {
  return life.end.when === 'at' ? endingAt(life, Math.max(life.end.atMs, atMs)) : life;
}

/** The same life that is paused at its end, or is not; as before where nothing is said. */
export function withOnTimeout(life: LifePolicy, isPaused: boolean | null): LifePolicy {
  if (life.end.when !== 'at' || isPaused === null) return life;
  const isPausedAlready = life.end.by === 'freeze' || life.end.by === 'halt';
  if (isPaused === isPausedAlready) return life;
  return { ...life, end: { ...life.end, by: isPaused ? 'freeze' : 'purge' } };
}

/** How the life of one goes on that a request to its port has resumed. */
export function toResumedByTraffic(nowMs: number, timeoutSeconds: number) {
  const endAtMs = nowMs + Math.max(timeoutSeconds, LEAST_AFTER_TRAFFIC) * 1000;
  return (life: LifePolicy, wasSuspended: boolean) => (wasSuspended ? endingAt(life, endAtMs) : life);
}
