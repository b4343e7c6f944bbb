import { setTimeout as pass, setImmediate as turn } from 'node:timers/promises';

/** Below the time that a test has, so that its failure says what was awaited. */
const DEADLINE_MS = 50_000;

// As it is before a test puts its own clock in place.
const nowMs = performance.now.bind(performance);
const nextTurn = turn;
const pause = pass;

/** What takes more turns waits for another process, which looks in between would only slow down. */
const EAGER_TURNS = 100;

/**
 * Looks once each turn of the event loop, and later every few milliseconds, until `isSo`; throws after 50 s of real time, and says
 * `what` was awaited.
 */
export async function until(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const endMs = nowMs() + DEADLINE_MS;
  for (let turns = 0; !(await isSo()); turns += 1) {
    if (nowMs() > endMs) throw new Error(`Waited ${DEADLINE_MS / 1000} s in vain until ${what}.`);
    await (turns < EAGER_TURNS ? nextTurn() : pause(2));
  }
}
