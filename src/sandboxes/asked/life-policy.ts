import { z } from 'zod';

/** Seconds without use; `default` follows the configuration, `never` is never. */
const idleTime = z.union([z.literal('default'), z.literal('never'), z.int().min(0)]);

/** How a sandbox ends; `remove` keeps its files, `purge` does not. */
const ending = z.enum(['stop', 'remove', 'purge']);

/** The same by the clock; `freeze` and `halt` do what a request would that suspends it, with its memory or without. */
const endingByTheClock = z.enum([...ending.options, 'freeze', 'halt']);

/** How long a sandbox lives and what may be done to it meanwhile; the reaper and the cap of running sandboxes read only this. */
export const lifePolicySchema = z.object({
  /** Until it is frozen with its memory. */
  pauseAfter: idleTime,
  /** Until all that runs in it is ended. */
  stopAfter: idleTime,
  /** True if it may be stopped, while idle, to make room for another. */
  yieldsAtCap: z.boolean(),
  end: z.discriminatedUnion('when', [
    z.object({ when: z.literal('never') }),
    z.object({ when: z.literal('unused'), afterSeconds: z.int().min(1), by: ending }),
    /** On the wall clock, whatever runs. */
    z.object({
      when: z.literal('at'),
      atMs: z.number(),
      by: endingByTheClock,
      isHeldBySuspension: z.boolean().optional(),
    }),
    /** So long after it was started, whatever runs. */
    z.object({ when: z.literal('up'), afterSeconds: z.int().min(1), by: z.literal('stop') }),
  ]),
  /** True if one that a request has paused or stopped comes back by a resume alone, and by no use. */
  staysSuspended: z.boolean().optional(),
});

/** How long a sandbox lives, and what ends it. */
export type LifePolicy = z.infer<typeof lifePolicySchema>;

/** Frozen and stopped as the configuration says; gives way; never ends by itself. */
export const DEFAULT_LIFE: LifePolicy = {
  pauseAfter: 'default',
  stopAfter: 'default',
  yieldsAtCap: true,
  end: { when: 'never' },
};

interface IdleDefaults {
  /** 0 is never. */
  readonly pauseAfterSeconds: number;
  readonly stopAfterSeconds: number;
  /** Of a sandbox that somebody had paused. */
  readonly pausedKeepSeconds: number;
}

interface Age {
  readonly idleMs: number;
  /** Since it was used or has worked last: what its work has left is kept for as long as it may be idle. */
  readonly restMs: number;
  /** Since it was used, with the time before the sandbox came into memory. */
  readonly unusedMs: number;
  /** Since somebody had it paused, on the wall clock; null where nobody has. */
  readonly pausedMs: number | null;
  /** True where a request has paused or stopped it. */
  readonly isSuspended: boolean;
  /** Since it was started, on the wall clock; null while it does not run. */
  readonly upMs: number | null;
  /** On the wall clock. */
  readonly nowMs: number;
}

/** What a life policy asks for now; null for nothing. */
export function dueAction(
  life: LifePolicy,
  defaults: IdleDefaults,
  age: Age,
): 'pause' | z.infer<typeof endingByTheClock> | null {
  const { end } = life;
  if (end.when === 'unused' && age.unusedMs >= end.afterSeconds * 1000) return end.by;
  const isHeld = end.when === 'at' && end.isHeldBySuspension === true && age.isSuspended;
  if (end.when === 'at' && age.nowMs >= end.atMs && !isHeld) return end.by;
  if (end.when === 'up' && age.upMs !== null && age.upMs >= end.afterSeconds * 1000) return end.by;
  if (age.pausedMs !== null) return age.pausedMs >= defaults.pausedKeepSeconds * 1000 ? 'stop' : null;
  if (age.restMs >= toMs(life.stopAfter, defaults.stopAfterSeconds)) return 'stop';
  const pauseMs = toMs(life.pauseAfter, defaults.pauseAfterSeconds);
  return pauseMs > 0 && age.idleMs >= pauseMs ? 'pause' : null;
}

/** For this long without use, in seconds, it is neither paused nor stopped, where it worked last so long after that; Infinity where it never is. */
export function idleLifeSeconds(life: LifePolicy, defaults: IdleDefaults, workedSeconds: number): number {
  const pauseMs = toMs(life.pauseAfter, defaults.pauseAfterSeconds);
  const stopMs = toMs(life.stopAfter, defaults.stopAfterSeconds);
  return Math.min(pauseMs > 0 ? pauseMs / 1000 : Number.POSITIVE_INFINITY, workedSeconds + stopMs / 1000);
}

/** For this long without a request, in milliseconds, work keeps it awake; Infinity where it does not give way at the cap. */
export function longestWorkMs({ yieldsAtCap }: LifePolicy, backgroundSeconds: number): number {
  return yieldsAtCap ? backgroundSeconds * 1000 : Number.POSITIVE_INFINITY;
}

function toMs(time: z.infer<typeof idleTime>, defaultSeconds: number): number {
  if (time === 'never') return Number.POSITIVE_INFINITY;
  return (time === 'default' ? defaultSeconds : time) * 1000;
}
